"""The table of results in Markdown, for the README, and as plain text, for the terminal; pages with such blocks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groupseg.errors import UserError
from groupseg.files import atomic_path
from groupseg.report.results import Results

MINUS, NOTHING = "\N{MINUS SIGN}", "\N{EN DASH}"
# What each part of the protocol is called in a sentence.
PROTOCOL = {
    "model": "model",
    "weights": "weights_sha256",
    "text": "text",
    "resolution": "resolution",
    "window": "window",
    "split": "split",
    "images": "images",
}


def percent(value: float | None, digits: int = 1) -> str:
    """Writes a fraction as a percentage without its sign; a dash where there is no number."""
    return NOTHING if value is None else f"{100 * value:.{digits}f}"


def signed(value: float | None) -> str:
    """Writes a difference of fractions in percentage points, always with its sign."""
    if value is None:
        return NOTHING
    return (MINUS if round(100 * value, 1) < 0 else "+") + percent(abs(value))


def with_interval(figures: Mapping[str, Any], key: str = "miou") -> str:
    """Writes a figure with its 95 % interval, in percent."""
    if figures.get(key) is None:
        return NOTHING
    low, high = figures[f"{key}_ci"]
    return f"{percent(figures[key])} [{percent(low)}, {percent(high)}]"


def table(results: Results) -> list[list[str]]:
    """Lists the rows of the table: a heading, the strategies (the best between `**`), the label oracle."""
    rows = [["mIoU, % [95 % interval]", *(dataset.name for dataset in results.datasets)]]
    for strategy in dict.fromkeys(name for dataset in results.datasets for name in dataset.strategies):
        row = [strategy]
        for dataset in results.datasets:
            cell = with_interval(dataset.strategies.get(strategy, {}))
            row.append(f"**{cell}**" if strategy == dataset.winner else cell)
        rows.append(row)
    return [*rows, ["label oracle", *(with_interval(dataset.oracle) for dataset in results.datasets)]]


def protocol_line(results: Results) -> str:
    """Names the protocol of the figures; what differs between data sets is listed in their order."""
    protocols = [{**dataset.metrics["protocol"], **dataset.metrics} for dataset in results.datasets]
    parts = []
    for name, key in PROTOCOL.items():
        # A few digits tell a digest from others; and a text may list the words of eighty classes.
        length = 12 if key == "weights_sha256" else 60
        values = [str(protocol[key])[:length] for protocol in protocols]
        parts.append(f"{name} `{values[0] if len(set(values)) == 1 else ' / '.join(values)}`")
    return f"Protocol: {', '.join(parts)}."


def markdown(results: Results) -> str:
    """Writes the block of the README: table and protocol."""
    heading, *rows = (f"| {' | '.join(row)} |" for row in table(results))
    rule = "|---" * (1 + len(results.datasets)) + "|"
    note = "Bold: best of the data set. Intervals: bootstrap over images. The oracle knows the ground truth."
    return "\n".join([heading, rule, *rows, "", f"{note} {protocol_line(results)}"])


def plain(results: Results) -> str:
    """Writes the table for a terminal, the best strategy of a data set marked with a star."""
    rows = [[f"{cell.strip('*')} *" if cell.startswith("**") else cell for cell in row] for row in table(results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "-" * len(max(lines, key=len)))
    return "\n".join([*lines, "", "* best of the data set; the oracle knows the ground truth", protocol_line(results)])


def read_page(page: Path) -> str:
    """Reads a page of Markdown.

    Raises:
        UserError: If it is missing.
    """
    try:
        return page.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{page} is missing. Run this in the folder of the project.") from error


def update_page(page: Path, blocks: Mapping[str, str], write: bool = True) -> bool:
    """Puts blocks between their markers in a page, `<!-- name:start -->` and `<!-- name:end -->`.

    Args:
        page: The file.
        blocks: Markdown without the markers, by name.
        write: Whether to write it, or only to compare.

    Returns:
        Whether the page held another block before.

    Raises:
        UserError: If the page is missing, does not hold each marker once, or cannot be written.
    """
    old = new = read_page(page)
    for name, block in blocks.items():
        first, last = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
        before, start, rest = new.partition(first)
        _, end, after = rest.partition(last)
        if not (start and end) or first in rest or last in after:
            raise UserError(
                f"{page} must hold the lines `{first}` and `{last}` once each. Put them where the table belongs."
            )
        new = f"{before}{first}\n{block}\n{last}{after}"
    if write and new != old:
        with atomic_path(page) as temporary:
            temporary.write_text(new, encoding="utf-8")
    return new != old
