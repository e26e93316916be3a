"""How many calibration images a strategy needs."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from groupseg.report.results import DatasetResults
from groupseg.report.style import LINE, QUIET, WIDTH, roles, styled
from groupseg.report.tables import percent

_COLUMNS = 6
_OTHER = "#3f4752"
# As good as with all images: within so much of mIoU.
_NEAR = 0.01
# Inches: a panel, from one panel to the next, and the margins of the figure.
_WIDE, _TALL = 1.42, 0.85
_STEP = np.array([1.52, -1.18])
_LEFT, _BOTTOM, _TOP = 0.5, 0.45, 0.22

Corners = Mapping[str, NDArray[np.float64]]


class _Scale:
    """Where numbers of images, on a logarithmic axis, and mIoU lie in a panel, in inches from its lower left corner."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.sizes = sorted(table.index.unique("images"))
        self.low, self.high = table["min"].min(), table["max"].max()

    def points(self, images: ArrayLike, miou: ArrayLike) -> NDArray[np.float64]:
        """Returns [N, 2], x and y."""
        first, last = math.log(self.sizes[0]), math.log(self.sizes[-1])
        x = (np.log(images) - first) / max(last - first, 1e-9)
        y = (np.asarray(miou) - self.low) / max(self.high - self.low, 1e-9)
        # Room on all sides.
        return np.stack(np.broadcast_arrays((0.05 + 0.9 * x) * _WIDE, (0.05 + 0.9 * y) * _TALL), axis=-1)


@styled
def learning_figure(dataset: DatasetResults) -> Figure:
    """Draws a panel a strategy: mIoU on the test images against the number of calibration images."""
    table = spread(dataset)
    names = list(table.index.unique("strategy"))
    height = _TOP + _TALL - _STEP[1] * ((len(names) - 1) // _COLUMNS) + _BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    # Dozens of axes take far longer than what is drawn in them: all panels lie on one, which counts inches.
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
    axes.set_axis_off()
    first = np.array([_LEFT, height - _TOP - _TALL])
    corners = {name: first + _STEP * (place % _COLUMNS, place // _COLUMNS) for place, name in enumerate(names)}
    _draw_frames(axes, corners, _Scale(table))
    _draw_curves(axes, corners, table, {name: colour for name, (colour, _) in roles(dataset).items()})
    axes.text(WIDTH / 2, 0.05, "calibration images", ha="center")
    axes.text(0.05, height / 2, "mIoU, %", rotation=90, va="center")
    return figure


def learning_finding(dataset: DatasetResults) -> str:
    """Says how many images the singled out strategies need to come within a point of what they reach with all."""
    table = spread(dataset)
    needs = needed(table)
    full = int(table.index.get_level_values("images").max())
    known = [name for name in roles(dataset) if name in needs and name != dataset.baseline]
    parts = [f"{name} {needs[name]}" for name in known]
    most = max((name for name in needs if name not in known), key=lambda name: needs[name], default=None)
    if most is not None and needs[most] > max((needs[name] for name in known), default=0):
        parts.append(f"{most}, the hungriest of the others, {needs[most]}")
    if not parts:
        return "No strategy was fitted on fewer images."
    low, high = (float(table["mean"].xs(size, level="images").std(ddof=0)) for size in _ends(table))
    return (
        f"Images needed to come, on average, within a point of the mIoU with all {full}: {', '.join(parts)}. Between "
        f"strategies mIoU differs by {percent(low)} points (standard deviation) with the fewest images, "
        f"{percent(high)} with all."
    )


def spread(dataset: DatasetResults) -> pd.DataFrame:
    """Mean, lowest and highest mIoU over draws by strategy and number of images, strategies as in params.yaml."""
    table = dataset.tables["learning"].dropna(subset=["miou"])
    figures = table.groupby(["strategy", "images"], sort=True)["miou"].agg(["mean", "min", "max", "count"])
    present = set(figures.index.get_level_values("strategy"))
    return figures.loc[[name for name in dataset.strategies if name in present]]


def needed(table: pd.DataFrame) -> dict[str, int]:
    """The fewest images from which on a strategy stays within a point of what it reaches with all."""
    needs = {}
    for name in dict.fromkeys(table.index.get_level_values("strategy")):
        mean = table.loc[name]["mean"]
        far = mean.index[mean < mean.iloc[-1] - _NEAR]
        near = mean.index[mean.index > far.max()] if len(far) else mean.index
        needs[name] = int(near.min())
    return needs


def _draw_curves(axes: Axes, corners: Corners, table: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Draws in each panel the strategies that are singled out, thin, and its own over them with its band."""
    scale = _Scale(table)
    curves = {name: scale.points(table.loc[name].index, table.loc[name]["mean"]) for name in corners}
    known = {name: colour for name, colour in colours.items() if name in corners}
    thin = [corner + curves[name] for corner in corners.values() for name in known]
    axes.add_collection(LineCollection(thin, colors=[*known.values()], linewidths=0.7), autolim=False)
    own = [known.get(name, _OTHER) for name in corners]
    bands, ends = [], []
    for name, corner in corners.items():
        rows = table.loc[name]
        edges = [scale.points(rows.index, rows[end]) for end in ("min", "max")]
        bands.append(corner + np.concatenate([edges[0], edges[1][::-1]]))
        ends.append(corner + np.array([(0, curves[name][-1, 1]), (_WIDE, curves[name][-1, 1])]))
    axes.add_collection(PolyCollection(bands, facecolors=own, alpha=0.22), autolim=False)
    axes.add_collection(LineCollection(ends, colors=QUIET, linewidths=0.5, linestyles=(0, (1, 2))), autolim=False)
    bold = [corner + curves[name] for name, corner in corners.items()]
    axes.add_collection(LineCollection(bold, colors=own, linewidths=1.5), autolim=False)


def _draw_frames(axes: Axes, corners: Corners, scale: _Scale) -> None:
    """Draws the edges of the panels, their names, and numbers at the left and at the bottom of the figure."""
    frame = np.array([(0, _TALL), (0, 0), (_WIDE, 0)])
    axes.add_collection(LineCollection([corner + frame for corner in corners.values()], colors=LINE), autolim=False)
    levels = np.array(MaxNLocator(3).tick_values(100 * scale.low, 100 * scale.high)) / 100
    levels = levels[(levels >= scale.low) & (levels <= scale.high)]
    named = scale.sizes[:: max(1, math.ceil(len(scale.sizes) / 4))]
    for place, (name, (left, bottom)) in enumerate(corners.items()):
        axes.text(left, bottom + _TALL + 0.03, name, size=7.5)
        if place % _COLUMNS == 0:
            for level, (_, y) in zip(levels, scale.points(scale.sizes[0], levels), strict=True):
                axes.text(left - 0.05, bottom + y, f"{100 * level:g}", size=7, color=QUIET, ha="right", va="center")
        if place + _COLUMNS >= len(corners):
            for size, (x, _) in zip(named, scale.points(named, scale.low), strict=True):
                axes.text(left + x, bottom - 0.05, f"{size:g}", size=7, color=QUIET, ha="center", va="top")


def _ends(table: pd.DataFrame) -> tuple[int, int]:
    sizes = table.index.get_level_values("images")
    return int(sizes.min()), int(sizes.max())
