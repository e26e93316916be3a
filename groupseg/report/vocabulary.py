"""What a growing class list does to scores, to the best threshold and to mIoU."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from groupseg.report.results import DatasetResults
from groupseg.report.style import INK, QUIET, WIDTH, series, set_margins, styled
from groupseg.report.tables import signed

_KINDS = {"subset": "some of its classes", "absent": "classes that label no pixel, added"}
_MEASURES = {"score": "median score", "threshold": "best threshold", "miou": "mIoU, %"}
Line = tuple[pd.DataFrame, dict[str, Any]]
_DASHED, _DOTTED = (0, (4, 2)), (0, (1, 2))


@styled
def vocabulary_figure(dataset: DatasetResults) -> Figure:
    """Draws a row for each way of changing the class list: median score, best threshold, and mIoU."""
    table = dataset.tables["vocabulary"]
    kinds = [kind for kind in _KINDS if kind in set(table["kind"])]
    looks = series(list(table["strategy"]), dataset)
    figure = Figure(figsize=(WIDTH, 2.35 * len(kinds) + 0.35))
    panels = figure.subplots(len(kinds), len(_MEASURES), squeeze=False, width_ratios=(1, 1, 1.25))
    set_margins(figure, left=0.6, bottom=0.45, top=0.55, wspace=0.15, hspace=0.3)
    for kind, row in zip(kinds, panels, strict=True):
        rows = table[table["kind"] == kind]
        figures = spread(rows)
        for (measure, title), axes in zip(_MEASURES.items(), row, strict=True):
            _draw_lines(axes, _lines(figures, measure, looks))
            axes.set_title(title)
            _set_sizes(axes, sorted(rows["size"].unique()))
        row[0].set_ylabel(_KINDS[kind], size=8)
    for axes in panels[-1]:
        axes.set_xlabel("classes")
    figure.legend(handles=_legend(looks), loc="upper right", ncols=min(len(looks) + 3, 7))
    return figure


def vocabulary_finding(dataset: DatasetResults) -> str:
    """Says how the best threshold moves, and what it costs not to move it."""
    table = dataset.tables["vocabulary"]
    # A constant is never fitted.
    thresholds = table.groupby("strategy")["threshold"].nunique()
    fitted = table[table["strategy"].isin(thresholds.index[thresholds > 1])]
    parts = []
    for kind, words in (("subset", "fewest classes"), ("absent", "most absent classes")):
        rows = fitted[fitted["kind"] == kind]
        if rows.empty:
            continue
        # Of the sizes, the one farthest from the class list that the thresholds were fitted for.
        end = rows["size"].min() if kind == "subset" else rows["size"].max()
        means = rows[rows["size"] == end].groupby("strategy", sort=False)[["miou", "miou_frozen"]].mean()
        costs = [f"{name} {signed(row['miou_frozen'] - row['miou'])}" for name, row in means.iterrows()]
        parts.append(f"with the {words} ({end} in all) {', '.join(costs)}")
    if not parts:
        return "No strategy was fitted on another class list."
    return f"Points of mIoU by keeping the threshold of the whole class list, not fitting it anew: {'; '.join(parts)}."


def spread(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean, lowest and highest of each figure over draws, by strategy and number of classes; mIoU in percent."""
    mious = ["miou", "miou_frozen", "miou_oracle"]
    figures = rows.assign(**100 * rows[mious]).groupby(["strategy", "size"], sort=True)
    return figures[["score", "threshold", *mious]].agg(["mean", "min", "max"])


def _lines(figures: pd.DataFrame, measure: str, looks: dict[str, tuple[str, str]]) -> Iterator[Line]:
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


def _draw_lines(axes: Axes, lines: Iterable[Line]) -> None:
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
