"""A comparison as a table for the terminal, as Markdown, and as JSON."""

import json
import textwrap
from collections.abc import Callable
from dataclasses import asdict

from groupseg.compare.differences import Comparison, DatasetComparison, Row
from groupseg.report.tables import MINUS, percent

_WIDTH = 100
_HEADING = ["", "A", "B", f"B {MINUS} A [95 % interval]", "p"]


def as_text(comparison: Comparison) -> str:
    """Writes plain tables for a terminal of 100 columns; a star marks a significant difference."""
    lines = [f"A  {comparison.a.label}", f"B  {comparison.b.label}"]
    cells = [_HEADING, *(_cells(row) for dataset in comparison.datasets for row in dataset.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for dataset in comparison.datasets:
        lines += ["", *_wrapped(_title(dataset))]
        if dataset.rows:
            heading = _aligned(_HEADING, widths)
            lines += [heading, "-" * len(heading)]
            lines += [_aligned(_cells(row), widths) + " *" * row.significant for row in dataset.rows]
        lines += _wrapped(*_only("strategies", dataset.only_a, dataset.only_b))
    only = _only("data sets", comparison.only_a, comparison.only_b)
    return "\n".join([*lines, "", *_wrapped(*only), *_wrapped(_note(comparison, "*"))])


def as_markdown(comparison: Comparison) -> str:
    """Writes tables of Markdown; a significant difference is bold."""
    lines = [f"A: `{comparison.a.label}`, B: `{comparison.b.label}`"]
    for dataset in comparison.datasets:
        lines += ["", f"### {_title(dataset)}", ""]
        if dataset.rows:
            rows = [_HEADING, ["---", *["---:"] * (len(_HEADING) - 1)], *map(_bold, dataset.rows)]
            lines += [*(f"| {' | '.join(row)} |" for row in rows), ""]
        lines += [f"- {line}" for line in _only("strategies", dataset.only_a, dataset.only_b)]
    only = [f"- {line}" for line in _only("data sets", comparison.only_a, comparison.only_b)]
    return "\n".join([*lines, *(["", *only] if only else []), "", _note(comparison, "Bold:")])


def as_json(comparison: Comparison) -> str:
    """Writes all figures exactly, as fractions.

    An object with the keys

    - "a", "b": {"revision": str, "commit": str, or null for the workspace};
    - "resamples": int, "alpha": float, "correction": "max-T", which is over the rows of all data sets together;
    - "datasets": a list of {"name": str, "images": int, "reason": null, or a str that says why the data set cannot be
      compared, "rows": [...], "unchanged": [strategies], "only_a": [strategies], "only_b": [strategies]}, where a row
      is {"strategy": str, "a": mIoU in A, "b": mIoU in B, "difference": b - a, "low", "high": its simultaneous 95 %
      interval, "p": corrected p-value, "significant": bool};
    - "only_a", "only_b": [data sets].
    """
    return json.dumps(asdict(comparison), indent=1, ensure_ascii=False, allow_nan=False)


FORMATS: dict[str, Callable[[Comparison], str]] = {"text": as_text, "markdown": as_markdown, "json": as_json}


def _title(dataset: DatasetComparison) -> str:
    if dataset.reason:
        return f"{dataset.name}: not comparable, {dataset.reason}"
    return f"{dataset.name}: {dataset.images} images, {_unchanged(len(dataset.unchanged), len(dataset.rows))}"


def _unchanged(unchanged: int, changed: int) -> str:
    strategies = "strategy" if unchanged + changed == 1 else "strategies"
    if not unchanged + changed:
        return "no strategy in common"
    return f"{unchanged} of {unchanged + changed} {strategies} unchanged"


def _cells(row: Row) -> list[str]:
    difference = f"{_points(row.difference)} [{_points(row.low)}, {_points(row.high)}]"
    p = f"{row.p:.3f}" if row.p >= 0.001 else "<0.001"
    return [row.strategy, percent(row.a, 2), percent(row.b, 2), difference, p]


def _points(value: float) -> str:
    """Writes percentage points; one that rounds to 0 keeps its sign, which says on which side of 0 an interval ends."""
    return f"{100 * value:+.2f}".replace("-", MINUS)


def _bold(row: Row) -> list[str]:
    cells = _cells(row)
    cells[3] = f"**{cells[3]}**" if row.significant else cells[3]
    return cells


def _aligned(cells: list[str], widths: list[int]) -> str:
    """Lays out a row in columns, the first flush left and the others right."""
    right = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join([cells[0].ljust(widths[0]), *right])


def _only(what: str, only_a: tuple[str, ...], only_b: tuple[str, ...]) -> list[str]:
    return [f"{what} only in {side}: {', '.join(names)}" for side, names in (("A", only_a), ("B", only_b)) if names]


def _note(comparison: Comparison, mark: str) -> str:
    """Says what the figures are; without rows, that there are none."""
    rows = sum(len(dataset.rows) for dataset in comparison.datasets)
    if not rows:
        return "No strategy changed on a data set that can be compared."
    return (
        f"mIoU in %, differences in points; paired bootstrap over images, {comparison.resamples} resamples. "
        f"Intervals and p are corrected over the rows above, {rows} in all, by {comparison.correction} "
        f"(Westfall & Young 1993). {mark} p at most {comparison.alpha}, where the interval leaves out 0."
    )


def _wrapped(*lines: str) -> list[str]:
    return [part for line in lines for part in textwrap.wrap(line, _WIDTH, break_on_hyphens=False)]
