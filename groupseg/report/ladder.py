"""The gap ladder: what each kind of error costs, from the fixed threshold up to perfect masks."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groupseg.report.results import BASELINE, DatasetResults
from groupseg.report.style import BEST, INK, LINE, QUIET, WIDTH, WORSE, name_rows, roles, set_margins, styled
from groupseg.report.tables import percent, signed

# What the step up to a rung costs as long as it is not taken.
_COSTS = {
    "test threshold": "a threshold that does not carry over from the calibration images",
    "background known": "wrong background decisions",
    "presence known": "classes that are not in the image",
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
    names = {"calibrated": f"calibrated ({dataset.ladder['strategy']})"}
    labels = [names.get(rung["name"], rung["name"]) for rung in rungs]
    height = 0.32 * len(rungs) + 0.8
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.subplots()
    set_margins(figure, left=0.2 + 0.075 * max(map(len, labels)), bottom=0.45, right=_COLUMNS, top=0.35)
    _draw_bars(axes, rungs, roles(dataset)[BASELINE][0])
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


def ladder_finding(dataset: DatasetResults) -> str:
    """Says what calibration wins back, and what costs most of the rest."""
    rungs = {rung["name"]: rung for rung in dataset.ladder["rungs"]}
    won = rungs["calibrated"]
    missing = 1 - rungs["fixed"]["miou"]
    rest = {name: rungs[name]["step"] for name in _COSTS if name in rungs}
    first, second = sorted(rest, key=lambda name: -rest[name])[:2]
    low, high = (signed(end) for end in won["step_ci"])
    text = (
        f"The fixed threshold misses {percent(missing)} points. Calibration ({dataset.ladder['strategy']}) is worth "
        f"{signed(won['step'])} of them, 95 % interval {low} to {high}. Of what is left most is lost to "
        f"{_COSTS[first]} ({percent(rest[first])} points) and to {_COSTS[second]} ({percent(rest[second])})."
    )
    down = [f"{name} ({signed(step)})" for name, step in rest.items() if round(100 * step, 1) < 0]
    if down:
        text += f" A step down: {', '.join(down)}."
    naive = dataset.ladder["naive"]
    return (
        f"{text} Without a search for the best labels, background known reaches {percent(naive['background_known'])} % "
        f"and presence known {percent(naive['presence_known'])} %."
    )


def _draw_bars(axes: Axes, rungs: list[dict[str, Any]], baseline: str) -> None:
    colours = {"fixed": baseline, "calibrated": BEST, "perfect": LINE}
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
