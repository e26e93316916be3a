"""What a growing class list does to scores, to the best threshold and to mIoU."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from groupseg.report.results import DatasetResults
from groupseg.report.style import INK, QUIET, WIDTH, series, set_margins, styled
from groupseg.report.tables import signed

_KINDS = {"subset": "some of its classes", "absent": "classes that label no pixel, added"}
_MEASURES = {"score": "median score", "threshold": "best threshold", "miou": "mIoU, %"}
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
        for (measure, title), axes in zip(_MEASURES.items(), row, strict=True):
            _draw_panel(axes, rows, measure, looks)
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


def _draw_panel(axes: Axes, rows: pd.DataFrame, measure: str, looks: dict[str, tuple[str, str]]) -> None:
    columns = ["miou", "miou_frozen", "miou_oracle"] if measure == "miou" else [measure]
    figures = (100 if measure == "miou" else 1) * rows.set_index(["strategy", "size"])[columns]
    own = figures.groupby(["strategy", "size"]).agg(["mean", "min", "max"])
    for name in own.index.unique("strategy"):
        colour, marker = looks[name]
        _draw_line(axes, own.loc[name, measure], color=colour, marker=marker)
        if measure == "miou":
            _draw_line(axes, own.loc[name, "miou_frozen"], color=colour, linestyle=_DASHED)
    if measure == "miou":
        oracle = figures["miou_oracle"].groupby("size").agg(["mean", "min", "max"])
        _draw_line(axes, oracle, color=QUIET, linestyle=_DOTTED)


def _draw_line(axes: Axes, figures: pd.DataFrame, **style: Any) -> None:
    """Draws the mean over draws, with a line from the lowest to the highest draw at each size."""
    axes.plot(figures.index, figures["mean"], linewidth=1.3, markersize=3.5, **style)
    axes.vlines(figures.index, figures["min"], figures["max"], color=style["color"], linewidth=0.8, alpha=0.7)


def _legend(looks: dict[str, tuple[str, str]]) -> list[Line2D]:
    """The strategies, and the kinds of line."""
    lines = [
        Line2D([], [], color=colour, marker=marker, markersize=4, label=name)
        for name, (colour, marker) in looks.items()
    ]
    kinds: dict[str, Any] = {"fitted anew": "-", "threshold kept": _DASHED, "label oracle": _DOTTED}
    return [*lines, *(Line2D([], [], color=INK, linestyle=style, label=name) for name, style in kinds.items())]


def _set_sizes(axes: Axes, sizes: list[int]) -> None:
    """Sizes on a logarithmic axis, those named that do not touch."""
    axes.set_xscale("log")
    apart = (math.log(sizes[-1]) - math.log(sizes[0])) / 8
    named = [sizes[-1]]
    for size in reversed(sizes):
        if math.log(named[-1]) - math.log(size) > apart:
            named.append(size)
    axes.xaxis.set_major_locator(FixedLocator([float(size) for size in reversed(named)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
