"""The few figures of a run that `dvc metrics` shows and compares."""

from groupseg.files import write_json
from groupseg.report.models import seed_range
from groupseg.report.results import BASELINE, REFERENCE, DatasetResults, Results, gap_closed


def write_summary(results: Results) -> None:
    """Writes summary.json beside the results: mIoU of a few strategies, and the share of the gap that is closed."""
    write_json(results.folder / "summary.json", {one.name: _figures(results, one) for one in results.datasets}, 4)


def _figures(results: Results, dataset: DatasetResults) -> dict[str, float | None]:
    """The figures of a data set, as fractions; those that are not known are left out."""
    names = {"fixed": BASELINE, "global": REFERENCE, "best": dataset.best}
    figures = {key: dataset.strategies[name]["miou"] for key, name in names.items() if name in dataset.strategies}
    found = {
        **figures,
        "oracle": dataset.oracle["miou"],
        "closed": gap_closed([dataset], dataset.best),
        "seeds": seed_range(results, dataset),
    }
    return {key: value for key, value in found.items() if value is not None}
