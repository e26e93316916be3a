"""A comparison as a table for the terminal, as Markdown, and as JSON."""

import json
from collections.abc import Callable
from dataclasses import asdict

from groupseg.compare.differences import Comparison, DatasetComparison, Row
from groupseg.report.tables import MINUS, percent, signed

_HEADING = ["", "A", "B", f"B {MINUS} A [95 % interval]", "p"]


def as_text(comparison: Comparison) -> str:
    """Writes plain tables; a star marks a significant difference."""
    lines = [f"A  {comparison.a.label}", f"B  {comparison.b.label}"]
    for dataset in comparison.datasets:
        lines += ["", _title(dataset)]
        if dataset.rows:
            lines += _plain([_HEADING, *([*_cells(row), *"*" * row.significant] for row in dataset.rows)])
        lines += _only("strategies", dataset.only_a, dataset.only_b)
    return "\n".join([*lines, "", *_only("data sets", comparison.only_a, comparison.only_b), _note(comparison, "*")])


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
    return "\n".join([*lines, *([*only, ""] if only else []), _note(comparison, "Bold:")])


def as_json(comparison: Comparison) -> str:
    """Writes all figures exactly, as fractions.

    An object with the keys

    - "a", "b": {"revision": str, "commit": str, or null for the workspace};
    - "resamples": int, "alpha": float, "correction": "Holm";
    - "datasets": a list of {"name": str, "images": int, "reason": null, or a str that says why the data set cannot be
      compared, "rows": [...], "only_a": [strategies], "only_b": [strategies]}, where a row is {"strategy": str, "a":
      mIoU in A, "b": mIoU in B, "difference": b - a, "low", "high": its paired 95 % interval, "p": corrected p-value,
      "significant": bool};
    - "only_a", "only_b": [data sets].
    """
    return json.dumps(asdict(comparison), indent=1, ensure_ascii=False, allow_nan=False)


LAYOUTS: dict[str, Callable[[Comparison], str]] = {"text": as_text, "markdown": as_markdown, "json": as_json}


def _title(dataset: DatasetComparison) -> str:
    if dataset.reason:
        return f"{dataset.name}: not comparable, {dataset.reason}"
    nothing = "" if dataset.rows else ", no strategy in common"
    return f"{dataset.name}: {dataset.images} images{nothing}"


def _cells(row: Row) -> list[str]:
    difference = f"{signed(row.difference)} [{signed(row.low)}, {signed(row.high)}]"
    return [row.strategy, percent(row.a), percent(row.b), difference, f"{row.p:.3f}"]


def _bold(row: Row) -> list[str]:
    cells = _cells(row)
    cells[3] = f"**{cells[3]}**" if row.significant else cells[3]
    return cells


def _plain(rows: list[list[str]]) -> list[str]:
    """Lays out cells in columns, the first flush left and the others right; a mark may follow the last."""
    columns = len(_HEADING)
    widths = [max(len(row[column]) for row in rows) for column in range(columns)]
    lines = []
    for first, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=False)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]) + "".join(f" {mark}" for mark in rest[columns - 1 :]))
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def _only(what: str, only_a: tuple[str, ...], only_b: tuple[str, ...]) -> list[str]:
    return [f"{what} only in {side}: {', '.join(names)}" for side, names in (("A", only_a), ("B", only_b)) if names]


def _note(comparison: Comparison, mark: str) -> str:
    return (
        f"mIoU in %, differences in points; paired bootstrap over images, {comparison.resamples} resamples. "
        f"{mark} p at most {comparison.alpha}, corrected for the strategies of a data set ({comparison.correction}); "
        "each interval stands for itself."
    )
