"""The models that are trained beside the one that runs, and the spread over seeds of training, as a table."""

from collections.abc import Sequence

from groupseg.report.results import CONSTANT, REFERENCE, Results
from groupseg.report.tables import NOTHING, constants_sentence, percent
from groupseg.report.trainings import ORACLE, Figures, seeds, trainings


def models_block(results: Results) -> str:
    """Writes a table of the model that runs and of `run.variants`, with the spread over those that differ by seed."""
    best = results.params["evaluate"]["best"]
    columns = [CONSTANT, REFERENCE, best, ORACLE]
    found = trainings(results)
    heading = f"| model | {' | '.join(dataset.name for dataset in results.datasets)} |"
    rule = "|---" * (1 + len(results.datasets)) + "|"
    rows = [[f"`{name}`", *_cells(results, [figures], columns)] for name, figures in found.items()]
    same = seeds(results, found)
    if len(same) > 1:
        rows.append([f"range of {len(same)} seeds", *_cells(results, [found[name] for name in same], columns)])
    note = (
        f"Each cell: mIoU in % of `{CONSTANT}` / `{REFERENCE}` / `{best}` / label oracle. {constants_sentence(results)}"
    )
    return "\n".join([heading, rule, *(f"| {' | '.join(row)} |" for row in rows), "", note])


def _cells(results: Results, models: Sequence[Figures], columns: Sequence[str]) -> list[str]:
    """A cell for each data set: a figure, or lowest and highest of several, for each column."""
    cells = []
    for dataset in results.datasets:
        names = [dataset.name_of(name) for name in columns]
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
