"""The few figures of a run that `dvc metrics` and `dvc exp show` put side by side.

Two for each data set: their tables have a column for each figure, and more than six do not fit a terminal. All others
lie in the files beside it, and `groupseg compare` compares every strategy.
"""

from groupseg.io.files import write_json
from groupseg.report.results import DatasetResults, Results, gap_closed


def write_summary(results: Results) -> None:
    """Writes summary.json beside the results.

    It holds for each data set "best", the mIoU of the best calibrated strategy, and "closed", the share that it closes
    of the gap between the constant of such data and the label oracle; the latter is left out where there is no gap.
    """
    write_json(results.folder / "summary.json", {one.name: _figures(one) for one in results.datasets}, 4)


def _figures(dataset: DatasetResults) -> dict[str, float]:
    closed = gap_closed([dataset], dataset.best)
    return {"best": dataset.strategies[dataset.best]["miou"]} | ({} if closed is None else {"closed": closed})
