"""The gap ladder: what each kind of error costs, from a constant threshold up to perfect masks."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groupseg.report.results import DatasetResults
from groupseg.report.style import BEST, INK, LINE, QUIET, WIDTH, WORSE, name_rows, roles, set_margins, styled
from groupseg.report.tables import percent, signed

# What the step up to a rung costs as long as it is not taken.
_COSTS = {
    "true background": "wrong background decisions",
    "classes present": "classes that are not in the image",
    "label oracle": "classes of the image that are mixed up",
    "best labelling": "the label that the oracle's rule picks",
    "perfect": "the masks",
}
_ORACLE = "#9CC3DE"
# Inches: what the columns of numbers take on the right, and how far from the right edge each ends.
_COLUMNS, _PLACES = 2.5, (1.82, 1.22, 0.1)


@styled
def ladder_figure(dataset: DatasetResults) -> Figure:
    """Draws a waterfall: each bar goes from the mIoU of the rung before to its own."""
    rungs = dataset.ladder["rungs"]
    labels = [rung_label(dataset, rung["name"]) for rung in rungs]
    height = 0.32 * len(rungs) + 0.8
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.subplots()
    set_margins(figure, left=0.2 + 0.075 * max(map(len, labels)), bottom=0.45, right=_COLUMNS, top=0.35)
    draw_bars(axes, rungs, roles(dataset)[dataset.baseline][0])
    for x, title in zip(_PLACES, ("mIoU, %", "step", "95 % interval"), strict=True):
        _write(figure, x, 1 - 0.2 / height, title, QUIET)
    for place, rung in enumerate(rungs):
        low, high = (signed(end) for end in rung["step_ci"])
        # The first rung is no step up from anything.
        step = (signed(rung["step"]), f"[{low}, {high}]") if place else ("", "")
        y = 1 - (0.35 + 0.32 * (place + 0.5)) / height
        for x, text in zip(_PLACES, (percent(rung["miou"]), *step), strict=True):
            _write(figure, x, y, text, INK)
    name_rows(axes, labels)
    return figure


def rung_label(dataset: DatasetResults, name: str) -> str:
    """Name of a rung, and the strategy that stands on it where that is called otherwise."""
    strategy = dataset.ladder["strategies"].get(name, name)
    return name if strategy == name else f"{name} ({strategy})"


def ladder_finding(dataset: DatasetResults) -> str:
    """Says what strategies win back, and what costs most of the rest."""
    rungs = {rung["name"]: rung for rung in dataset.ladder["rungs"]}
    won = [name for name in rungs if name in dataset.ladder["strategies"] and name != "fixed"]
    steps = [f"{rung_label(dataset, name)} {_step(rungs[name])}" for name in won]
    rest = {name: rungs[name]["step"] for name in _COSTS if name in rungs}
    first, second = sorted(rest, key=lambda name: -rest[name])[:2]
    text = (
        f"The constant, {rung_label(dataset, 'fixed')}, reaches {percent(rungs['fixed']['miou'])} %. In points over "
        f"the one before: {', '.join(steps)}. Knowing which segments are background is worth "
        f"{_step(rungs['true background'])}. Of what is left most is lost to {_COSTS[first]} ({percent(rest[first])} "
        f"points) and to {_COSTS[second]} ({percent(rest[second])})."
    )
    down = [f"{name} ({signed(step)})" for name, step in rest.items() if round(100 * step, 1) < 0]
    if down:
        text += f" A step down: {', '.join(down)}."
    aside = dataset.ladder["accept_or_drop"]
    return (
        f"{text} Beside the ladder: its candidates kept or dropped as is best, wrong names dropped too, would give "
        f"{percent(aside['miou'])} %, {_step(aside)} over {dataset.ladder['strategies']['best calibrated']}."
    )


def _step(rung: dict[str, Any]) -> str:
    """A step with its interval."""
    low, high = map(signed, rung["step_ci"])
    return f"{signed(rung['step'])} [{low}, {high}]"


def draw_bars(axes: Axes, rungs: list[dict[str, Any]], baseline: str) -> None:
    """Draws a waterfall of rungs, the first on top; `baseline` is the colour of the constant."""
    colours = {"fixed": baseline, "global": BEST, "best score": BEST, "best calibrated": BEST, "perfect": LINE}
    below = 0.0
    for place, rung in enumerate(rungs):
        colour = WORSE if rung["step"] < 0 else colours.get(rung["name"], _ORACLE)
        axes.barh(place, 100 * rung["step"], left=100 * below, height=0.62, color=colour)
        # A thin line carries the height on to the next bar.
        if place + 1 < len(rungs):
            axes.vlines(100 * rung["miou"], place - 0.31, place + 1.31, color=QUIET, linewidth=0.7)
        axes.hlines(place, *(100 * (below + end) for end in rung["step_ci"]), color=INK, linewidth=1.1)
        below = rung["miou"]
    axes.set_ylim(len(rungs) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("mIoU, %")


def _write(figure: Figure, x: float, y: float, text: str, colour: str) -> None:
    """Writes right-aligned at x inches from the right edge."""
    figure.text(1 - x / WIDTH, y, text, ha="right", va="center", color=colour)
