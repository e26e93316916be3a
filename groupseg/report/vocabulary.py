"""What a growing class list does to scores, to the best threshold and to mIoU."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from groupseg.report.colours import INK, QUIET
from groupseg.report.results import DatasetResults
from groupseg.report.style import FIGURE_WIDTH, series, set_margins, styled
from groupseg.report.tables import signed

_KINDS = {"others": "names of other classes, added", "absent": "names of nothing, added"}
_MEASURES = {"score": "median score, relative", "threshold": "best threshold, relative", "miou": "mIoU, %"}
_Line = tuple[pd.DataFrame, dict[str, Any]]
_DASHED, _DOTTED = (0, (4, 2)), (0, (1, 2))


@styled
def vocabulary_figure(dataset: DatasetResults) -> Figure:
    """Draws a row for each way of changing the class list: median score, best threshold, and mIoU."""
    table = relative(dataset.tables["vocabulary"])
    kinds = [kind for kind in _KINDS if kind in set(table["kind"])]
    looks = series(list(table["strategy"]), dataset)
    figure = Figure(figsize=(FIGURE_WIDTH, 2.35 * len(kinds) + 0.35))
    panels = figure.subplots(len(kinds), len(_MEASURES), squeeze=False, width_ratios=(1, 1, 1.25))
    set_margins(figure, left=0.6, bottom=0.45, top=0.55, wspace=0.15, hspace=0.3)
    for kind, row in zip(kinds, panels, strict=True):
        rows = table[table["kind"] == kind]
        figures = vocabulary_spread(rows)
        for (measure, title), axes in zip(_MEASURES.items(), row, strict=True):
            _draw_lines(axes, _lines(figures, measure, looks))
            axes.set_title(title)
            _set_sizes(axes, sorted(rows["size"].unique()))
        row[0].set_ylabel(_KINDS[kind], size=8)
    for axes in panels[-1]:
        axes.set_xlabel("names")
    figure.legend(handles=_legend(looks), loc="upper right", ncols=min(len(looks) + 3, 7))
    return figure


def vocabulary_finding(dataset: DatasetResults) -> str:
    """Says how the best threshold moves as names are added, and what it costs not to move it."""
    table = dataset.tables["vocabulary"]
    # A constant is never fitted.
    thresholds = table.groupby("strategy")["threshold"].nunique()
    fitted = table[table["strategy"].isin(thresholds.index[thresholds > 1])]
    parts = []
    for kind, words in (("others", "names of other classes"), ("absent", "names of nothing")):
        rows = fitted[fitted["kind"] == kind].groupby(["size", "strategy"], sort=False).mean(numeric_only=True)
        if rows.empty:
            continue
        sizes = rows.index.get_level_values("size")
        few, many = rows.loc[sizes.min()], rows.loc[sizes.max()]
        # The threshold that is kept is the one for all classes: at one end of the sizes it is the best.
        far = few if kind == "others" else many
        moves = [f"{name} {row['threshold']:.2f} to {many['threshold'][name]:.2f}" for name, row in few.iterrows()]
        costs = [f"{name} {signed(row['miou_frozen'] - row['miou'])}" for name, row in far.iterrows()]
        parts.append(
            f"From {sizes.min()} to {sizes.max()} names, by {words}, best thresholds go: {', '.join(moves)}. Where "
            f"that for all classes is kept, it costs at the other end: {', '.join(costs)} points."
        )
    return " ".join(parts) or "No strategy was fitted on another class list."


def relative(table: pd.DataFrame) -> pd.DataFrame:
    """Divides scores and thresholds by their means for all classes, so that those of any unit fit one panel."""
    sizes = table.groupby("kind")["size"].agg(["min", "max"])
    # With names of nothing the list of all classes is the shortest, with other classes it is the longest.
    whole = sizes["min"]["absent"] if "absent" in sizes.index else sizes["max"]["others"]
    columns = ["score", "threshold"]
    own = table[columns].where(table["size"] == whole).groupby([table["kind"], table["strategy"]]).transform("mean")
    return table.assign(**{column: table[column] / own[column].where(own[column] != 0) for column in columns})


def vocabulary_spread(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean, lowest and highest of each figure over draws, by strategy and number of classes; mIoU in percent."""
    mious = ["miou", "miou_frozen", "miou_oracle"]
    figures = rows.assign(**100 * rows[mious]).groupby(["strategy", "size"], sort=True)
    return figures[["score", "threshold", *mious]].agg(["mean", "min", "max"])


def _lines(figures: pd.DataFrame, measure: str, looks: dict[str, tuple[str, str]]) -> Iterator[_Line]:
    """Yields mean, lowest and highest value by size, and the look, of each line of a panel."""
    for name in figures.index.unique("strategy"):
        colour, marker = looks[name]
        yield figures.loc[name][measure], {"color": colour, "marker": marker}
        if measure == "miou":
            yield figures.loc[name]["miou_frozen"], {"color": colour, "linestyle": _DASHED}
    if measure == "miou":
        # The oracle needs no strategy: it is the same beside each.
        oracle = pd.DataFrame(figures["miou_oracle"]).groupby("size").mean()
        yield oracle, {"color": QUIET, "linestyle": _DOTTED}


def _draw_lines(axes: Axes, lines: Iterable[_Line]) -> None:
    """Draws means over draws, with a vertical line from the lowest to the highest draw at each size."""
    ends, colours = [], []
    for figures, look in lines:
        sizes = np.log(figures.index)
        axes.plot(sizes, figures["mean"], linewidth=1.3, markersize=3.5, **look)
        ends.append(np.stack([sizes, figures["min"], figures["max"]]))
        colours += [look["color"]] * len(figures)
    sizes, low, high = np.concatenate(ends, axis=1)
    axes.vlines(sizes, low, high, colors=colours, linewidth=0.8, alpha=0.7)


def _legend(looks: dict[str, tuple[str, str]]) -> list[Line2D]:
    """The strategies, and the kinds of line."""
    lines = [
        Line2D([], [], color=colour, marker=marker, markersize=4, label=name)
        for name, (colour, marker) in looks.items()
    ]
    kinds: dict[str, Any] = {"fitted anew": "-", "threshold kept": _DASHED, "label oracle": _DOTTED}
    return [*lines, *(Line2D([], [], color=INK, linestyle=style, label=name) for name, style in kinds.items())]


def _set_sizes(axes: Axes, sizes: list[int]) -> None:
    """Names the sizes, on a logarithmic axis, that do not touch."""
    apart = math.log(sizes[-1] / sizes[0]) / 8
    named = [sizes[-1]]
    for size in reversed(sizes):
        if math.log(named[-1] / size) > apart:
            named.append(size)
    axes.set_xticks(np.log(named), map(str, named))
