"""The models that are trained beside the one that runs, and the spread over seeds of training, as a table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from groupseg.files import read_json
from groupseg.report.results import CONSTANT, REFERENCE, Results
from groupseg.report.tables import NOTHING, constants, percent

# Figures of each data set, by strategy and for the label oracle.
Figures = Mapping[str, Mapping[str, float]]


def models_block(results: Results) -> str:
    """Writes a table of the model that runs and of `run.variants`, with the spread over those that differ by seed."""
    best = results.params["evaluate"]["best"]
    columns = [CONSTANT, REFERENCE, best, "oracle"]
    found = _models(results)
    heading = f"| model | {' | '.join(dataset.name for dataset in results.datasets)} |"
    rule = "|---" * (1 + len(results.datasets)) + "|"
    rows = [[f"`{name}`", *_cells(results, [figures], columns)] for name, figures in found.items()]
    seeds = _seeds(results, found)
    if len(seeds) > 1:
        rows.append([f"range of {len(seeds)} seeds", *_cells(results, [found[name] for name in seeds], columns)])
    note = f"Each cell: mIoU in % of `{CONSTANT}` / `{REFERENCE}` / `{best}` / label oracle. {constants(results)}"
    return "\n".join([heading, rule, *(f"| {' | '.join(row)} |" for row in rows), "", note])


def _models(results: Results) -> dict[str, dict[str, Mapping[str, float]]]:
    """The figures of the model that runs, and of the variants that have any."""
    run = results.params["run"]
    found = {run["model"]: _own(results)}
    for name in run["variants"]:
        path = results.folder / f"variants/{name}.json"
        if path.exists():
            found[name] = {dataset: _flat(figures) for dataset, figures in read_json(path)["datasets"].items()}
    return found


def _seeds(results: Results, names: Iterable[str]) -> list[str]:
    """Of some models those that differ from the one that runs in nothing but the seed of training."""
    own = _but_seed(results, results.params["run"]["model"])
    return [name for name in names if _but_seed(results, name) == own]


def _own(results: Results) -> dict[str, Mapping[str, float]]:
    """The figures of the model that runs."""
    return {dataset.name: _flat(dataset.metrics) for dataset in results.datasets}


def _flat(figures: Mapping[str, Any]) -> dict[str, float]:
    """The mIoU of each strategy and of the label oracle, from a file of metrics."""
    return {
        **{name: entry["miou"] for name, entry in figures["strategies"].items()},
        "oracle": figures["oracle"]["label"]["miou"],
    }


def _cells(results: Results, models: Sequence[Figures], columns: Sequence[str]) -> list[str]:
    """A cell for each data set: a figure, or lowest and highest of several, for each column."""
    cells = []
    for dataset in results.datasets:
        names = [dataset.baseline if name == CONSTANT else name for name in columns]
        values = [
            [model[dataset.name][name] for model in models if name in model.get(dataset.name, {})] for name in names
        ]
        cells.append(" / ".join(_span(column) for column in values))
    return cells


def _span(values: Sequence[float]) -> str:
    """A figure, or lowest to highest."""
    if not values:
        return NOTHING
    ends = dict.fromkeys((percent(min(values)), percent(max(values))))
    return NOTHING.join(ends)


def _but_seed(results: Results, name: str) -> dict[str, Any]:
    """What a model is, its seed of training left out."""
    model = results.params["models"][name]
    return {**model, "training": {**model.get("training", {}), "seed": None}}
