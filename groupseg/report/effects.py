"""What each rule does to mIoU, as tables in the pages of docs/."""

import re
from pathlib import Path
from typing import Any

from groupseg.report.readme import MINUS, NOTHING, percent, read_page, signed
from groupseg.report.results import BASELINE, DatasetResults, Results

# What each strategy is compared with: one threshold, calibrated, on the score of the paper.
REFERENCE = "global"
ABSENT = "Not part of the present run."
_MARKER = re.compile(r"<!-- (effect:(\w+)):start -->")


def effect_blocks(page: Path, results: Results) -> dict[str, str]:
    """Writes what belongs between the markers `<!-- effect:<rule>:start -->` and `:end` of a page.

    Returns:
        Name of each marker that the page holds, and its Markdown.

    Raises:
        UserError: If the page is missing.
    """
    return {name: effect(results, rule) for name, rule in _MARKER.findall(read_page(page))}


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
    heading = f"| strategy | data set | mIoU, % | minus `{REFERENCE}` [95 %] | gap closed |\n|---|---|--:|--:|--:|"
    return "\n".join([heading, *(f"| {' | '.join(row)} |" for row in rows)])


def gap_closed(dataset: DatasetResults, strategy: str) -> float | None:
    """Share of the way from the fixed threshold, 0, to the label oracle, 1; None where there is no such way."""
    ends = (dataset.strategies.get(BASELINE, {}).get("miou"), dataset.oracle["miou"])
    value = dataset.strategies[strategy]["miou"]
    if value is None or None in ends or ends[1] <= ends[0]:
        return None
    return float((value - ends[0]) / (ends[1] - ends[0]))


def difference(dataset: DatasetResults, strategy: str) -> tuple[float, float, float] | None:
    """Compares with `global`: difference of mIoU, low and high end of its interval; None where they are no pair."""
    columns = ["first", "second", "difference", "low", "high"]
    rows = dataset.tables["pairs"][columns].itertuples(index=False, name=None)
    pairs = {(first, second): tuple(map(float, figures)) for first, second, *figures in rows}
    if found := pairs.get((strategy, REFERENCE)):
        value, low, high = found
        return value, low, high
    if found := pairs.get((REFERENCE, strategy)):
        value, low, high = found
        return -value, -high, -low
    return None


def _title(name: str, params: dict[str, Any]) -> str:
    """Name and settings of a strategy."""
    settings = ", ".join(f"{key} {str(value).lower()}" for key, value in params.items() if key != "rule")
    return f"`{name}`: {settings}" if settings else f"`{name}`"


def _figures(dataset: DatasetResults, strategy: str) -> list[str]:
    """The cells of a row after the name."""
    share, found = gap_closed(dataset, strategy), difference(dataset, strategy)
    value, low, high = map(signed, found or (None, None, None))
    # Adding 0 turns a rounded -0 into 0.
    closed = NOTHING if share is None else f"{percent(round(share, 2) + 0.0, 0)} %".replace("-", MINUS)
    return [
        dataset.name,
        percent(dataset.strategies[strategy]["miou"]),
        f"{value} [{low}, {high}]" if found else NOTHING,
        closed,
    ]
