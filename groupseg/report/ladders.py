"""The gap ladders of all data sets side by side."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groupseg.report.colours import INK, QUIET
from groupseg.report.results import DatasetResults
from groupseg.report.style import BEST, LINE, WORSE, name_rows, set_margins, styled, width_beside
from groupseg.report.tables import percent, signed

_COLOURS = {"fixed": QUIET, "global": BEST, "best score": BEST, "best calibrated": BEST, "perfect": LINE}
_ORACLE = "#9CC3DE"
# Inches: the names of the rungs, what is above and below the bars, and a bar.
_NAMES, _TOP, _BOTTOM, _ROW = 1.25, 0.3, 0.42, 0.27


@styled
def ladders_figure(datasets: Sequence[DatasetResults]) -> Figure:
    """Draws a waterfall for each data set, with the step beside each bar; the names of the rungs stand once."""
    names = [rung["name"] for rung in datasets[0].ladder["rungs"]]
    figure = Figure(figsize=(width_beside(_NAMES, len(datasets)), _ROW * len(names) + _TOP + _BOTTOM))
    panels = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
    set_margins(figure, left=_NAMES, bottom=_BOTTOM, top=_TOP, wspace=0.06)
    for axes, dataset in zip(panels, datasets, strict=True):
        rungs = dataset.ladder["rungs"]
        _draw_bars(axes, rungs)
        for place, rung in enumerate(rungs):
            _write_step(axes, place, rung)
        axes.set_title(dataset.name)
        axes.set_xticks(range(0, 100, 20))  # 100 would touch the 0 of the next panel
    name_rows(panels[0], names)
    return figure


def _draw_bars(axes: Axes, rungs: list[dict[str, Any]]) -> None:
    """Draws a waterfall of rungs, the first on top: each bar goes from the mIoU of the rung before to its own."""
    below = 0.0
    for place, rung in enumerate(rungs):
        colour = WORSE if rung["step"] < 0 else _COLOURS.get(rung["name"], _ORACLE)
        axes.barh(place, 100 * rung["step"], left=100 * below, height=0.62, color=colour)
        # A thin line carries the height on to the next bar.
        if place + 1 < len(rungs):
            axes.vlines(100 * rung["miou"], place - 0.31, place + 1.31, color=QUIET, linewidth=0.7)
        ends = [100 * (below + end) for end in rung["step_ci"]]
        axes.hlines(place, *ends, color=INK, linewidth=1.1, clip_on=False)  # that of perfect masks goes past 100
        below = rung["miou"]
    axes.set_ylim(len(rungs) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("mIoU, %")


def _write_step(axes: Axes, place: int, rung: dict[str, Any]) -> None:
    """Writes the step beside the bar, right of it unless that is past the end; of the first rung its mIoU."""
    start = rung["miou"] - rung["step"]
    ends = [start + end for end in rung["step_ci"]]
    right = max(rung["miou"], *ends)
    text = percent(rung["miou"]) if place == 0 else signed(rung["step"])
    x = right if right < 0.8 else start
    axes.text(100 * x + 2, place, text, va="center", size=7.5, color=INK)
