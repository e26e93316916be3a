"""A table of the page: its cells are short Markdown, and some have a colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Table:
    """A table that a reader can sort.

    Attributes:
        columns: Headings.
        rows: Cells in short Markdown: `code`, **bold**, and intervals in [brackets].
        caption: How to read it.
        words: How many of the first columns hold words; all others hold numbers.
        foot: Rows that stay at the foot, however the others are sorted.
        sorted: The column by which rows fall; none where they have an order of their own.
        groups: Titles above the columns of numbers, each over as many of them as the others.
        tints: Colours by row and column, from -1, a loss, over 0, no colour, to 1, a gain.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    words: int = 1
    foot: Sequence[Sequence[str]] = ()
    sorted: int | None = None
    groups: Sequence[str] = ()
    tints: Mapping[tuple[int, int], float] = field(default_factory=dict)


def tints(differences: ArrayLike, first: int) -> dict[tuple[int, int], float]:
    """Colours the cells of a table by differences; full colour is where nine tenths of them end.

    Args:
        differences: [rows, columns], NaN where there is none.
        first: The column of the table that the first of them stand in.
    """
    found = np.round(np.asarray(differences, dtype=np.float64), 6)  # as results/ holds them: a mean may be off by less
    sizes = np.abs(found[np.isfinite(found) & (found != 0)])
    # A few that are far off must not take all colour from the rest.
    full = float(np.quantile(sizes, 0.9)) if sizes.size else 1.0
    return {
        (int(row), first + int(column)): float(np.clip(found[row, column] / full, -1, 1))
        for row, column in np.argwhere(np.isfinite(found) & (found != 0))
    }


def markdown_lines(table: Table) -> list[str]:
    """Writes columns and rows in Markdown, words to the left; nothing where there are no rows."""
    if not table.rows:
        return []
    rule = "|---" * table.words + "|--:" * (len(table.columns) - table.words) + "|"
    heading, *rows = (f"| {' | '.join(row)} |" for row in (table.columns, *table.rows, *table.foot))
    return [heading, rule, *rows]
