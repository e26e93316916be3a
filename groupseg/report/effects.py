"""What each rule does to mIoU, as tables in the pages of docs/."""

from typing import Any

from groupseg.report.gains import read_pairs
from groupseg.report.results import CONSTANT, DatasetResults, Results, gap_closed
from groupseg.report.roles import REFERENCE
from groupseg.report.tables import NOTHING, percent, share, signed

ABSENT = "Not part of the present run."


def effect(results: Results, rule: str) -> str:
    """Writes the table of a rule: each strategy that follows it and runs, on each data set."""
    rows = []
    for name in results.params["run"]["strategies"]:
        params = results.params["strategies"][name]
        datasets = [dataset for dataset in results.datasets if name in dataset.strategies]
        if params["rule"] != rule or not datasets:
            continue
        # Its name stands beside the first data set alone.
        titles = [_title(name, params), *[""] * (len(datasets) - 1)]
        rows += [[title, *_figures(dataset, name)] for title, dataset in zip(titles, datasets, strict=True)]
    if not rows:
        return ABSENT
    heading = (
        f"| strategy | data set | mIoU, % | minus `{REFERENCE}` [95 %] | from constant | from `{REFERENCE}` |\n"
        "|---|---|--:|--:|--:|--:|"
    )
    return "\n".join([heading, *(f"| {' | '.join(row)} |" for row in rows)])


def difference(dataset: DatasetResults, strategy: str) -> tuple[float, float, float] | None:
    """Compares with `global`: difference of mIoU, low and high end of its interval; None where they are no pair."""
    return read_pairs(dataset).get((strategy, REFERENCE))


def _title(name: str, params: dict[str, Any]) -> str:
    """Name and settings of a strategy."""
    settings = ", ".join(f"{key} {str(value).lower()}" for key, value in params.items() if key != "rule")
    return f"`{name}`: {settings}" if settings else f"`{name}`"


def _figures(dataset: DatasetResults, strategy: str) -> list[str]:
    """The cells of a row after the name."""
    found = difference(dataset, strategy)
    value, low, high = map(signed, found or (None, None, None))
    return [
        dataset.name,
        percent(dataset.strategies[strategy]["miou"]),
        f"{value} [{low}, {high}]" if found else NOTHING,
        *(share(gap_closed([dataset], strategy, start)) for start in (CONSTANT, REFERENCE)),
    ]
