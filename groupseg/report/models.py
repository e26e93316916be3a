"""The kinds of model that were trained beside the one that runs, as tables."""

from dataclasses import replace
from statistics import fmean

from groupseg.report.families import title
from groupseg.report.gains import Gains
from groupseg.report.numbers import NOTHING, percent
from groupseg.report.page_table import Table, markdown_lines
from groupseg.report.results import CONSTANT, DatasetResults, Results
from groupseg.report.roles import REFERENCE
from groupseg.report.tables import constants_sentence
from groupseg.report.trainings import ORACLE, ModelKind, step

# The steps of the ladder from the best strategy on, and what is lost by each.
LADDER_STEPS = {
    "true background": "background", "classes present": "absent classes", "label oracle": "names", "perfect": "masks",
}  # fmt: skip
_NOTE = (
    "Differences are to the model that runs, with 95 % intervals over test images and seeds; bold where 0 is outside. "
    "Errors over images are taken as independent between models, which is too wide. The spread over seeds is pooled "
    "from all models of several trainings. Where only the masks are others, the same weights are compared."
)
_ONE = "Of no model there are two trainings, and seeds were not looked at: intervals are over test images alone."


def models_block(results: Results) -> str:
    """Writes the table of what the best strategy reaches with each kind of model, in Markdown."""
    table = models_table(Gains(results))
    return "\n".join([*markdown_lines(table), "", table.caption])


def kinds_block(results: Results) -> str:
    """Writes for each data set the table of where each kind of model loses its points, in Markdown."""
    found, parts = Gains(results), []
    tables = kinds_tables(found)
    for dataset, table in zip(results.datasets, tables, strict=True):
        parts += [f"**{dataset.name}**", "", *markdown_lines(table), ""]
    return "\n".join([*parts, tables[-1].caption])


def models_table(found: Gains) -> Table:
    """Lists what the best strategy reaches on each data set with each kind of model, the one that runs first."""
    datasets = found.results.datasets
    rows = [
        [_name(kind), title(kind), str(len(kind.names)), *(_reached(found, kind, dataset) for dataset in datasets)]
        for kind in found.kinds
    ]
    caption = (
        f"mIoU in % of `{found.best}`, the mean over trainings that differ by their seed (lowest to highest), and its "
        f"difference. {_seeds(found)}"
    )
    return Table(["model", "differs by", "trainings", *(one.name for one in datasets)], rows, caption, words=2)


def kinds_tables(found: Gains) -> list[Table]:
    """Lists for each data set what rules reach with each kind of model, and what the steps of the ladder cost.

    The caption of the last table is that of all.
    """
    tables = [_kinds_table(found, dataset) for dataset in found.results.datasets]
    return [*tables[:-1], replace(tables[-1], caption=_caption(found))]


def _kinds_table(found: Gains, dataset: DatasetResults) -> Table:
    """Lists the figures of the model that runs, and below them what other kinds change."""
    columns = {CONSTANT: CONSTANT, REFERENCE: REFERENCE, found.best: found.best, ORACLE: "label oracle"}
    columns |= {step(rung): name for rung, name in LADDER_STEPS.items()}
    rows = [[_name(kind), *(_cell(found, kind, dataset, figure) for figure in columns)] for kind in found.kinds]
    return Table(["model", *columns.values()], rows, "")


def _caption(found: Gains) -> str:
    """How to read the tables of kinds."""
    lost = ", ".join(f"{name} ({rung})" for rung, name in LADDER_STEPS.items())
    return (
        f"First the model that runs, in %: mIoU of `{CONSTANT}`, `{REFERENCE}`, `{found.best}` and the label oracle, "
        f"and what `{found.best}` loses by the rungs of the ladder: {lost}. Below it, in points, what other models "
        "change; a minus is bad for the first four and good for the others. "
        f"{_seeds(found)} {constants_sentence(found.results)}"
    )


def _seeds(found: Gains) -> str:
    return _NOTE if any(len(kind.names) > 1 for kind in found.kinds) else f"{_NOTE} {_ONE}"


def _name(kind: ModelKind) -> str:
    """The first of a kind."""
    return f"`{kind.names[0]}`"


def _reached(found: Gains, kind: ModelKind, dataset: DatasetResults) -> str:
    """Mean and spread over the seeds of a kind, and the difference to the kind of the model that runs."""
    values = [one.value for one in found.values(dataset.name, found.best, kind.names)]
    if not values:
        return NOTHING
    ends = f" ({percent(min(values))}{NOTHING}{percent(max(values))})" if len(values) > 1 else ""
    reached = f"{percent(fmean(values))}{ends}"
    return f"{reached}, {_change(found, kind, dataset, found.best)}" if kind.changes else reached


def _cell(found: Gains, kind: ModelKind, dataset: DatasetResults, figure: str) -> str:
    """A figure of the model that runs, the mean over its seeds; of another kind the difference."""
    if kind.changes:
        return _change(found, kind, dataset, figure)
    values = [one.value for one in found.values(dataset.name, dataset.name_of(figure), kind.names)]
    return percent(fmean(values)) if values else NOTHING


def _change(found: Gains, kind: ModelKind, dataset: DatasetResults, figure: str) -> str:
    """What a kind changes, bold where that is found."""
    gain = found.of_kind(kind, figure).get(dataset.name)
    return NOTHING if gain is None else gain.markdown()
