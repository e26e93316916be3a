"""How many calibration images a strategy needs."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from groupseg.report.results import DatasetResults
from groupseg.report.style import DPI, LINE, QUIET, roles, styled
from groupseg.report.tables import percent

_COLUMNS = 6
_OTHER = "#3f4752"
# As good as with all images: within so much of mIoU.
_NEAR = 0.01


def learning_figure(dataset: DatasetResults) -> Figure:
    """Draws a panel a strategy: mIoU on the test images against the number of calibration images."""
    table = spread(dataset)
    names = list(dict.fromkeys(table.index.get_level_values("strategy")))
    looks = roles(dataset)
    lines = {name: table.loc[name] for name in names}
    every = [list(zip(line.index, 100 * line["mean"], strict=True)) for line in lines.values()]
    rows, columns = math.ceil(len(names) / _COLUMNS), min(_COLUMNS, len(names))
    height = 1.2 * rows + 0.55
    with styled():
        figure = Figure(figsize=(9.6, height), dpi=DPI)
        # Not shared, which takes far longer with many panels: all are given the same limits.
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        figure.subplots_adjust(0.055, 0.42 / height, 0.99, 1 - 0.2 / height, wspace=0.08, hspace=0.28)
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        for place, (axes, name) in enumerate(zip(panels, names, strict=False)):
            _set_axes(axes, table, named_x=place + columns >= len(names), named_y=place % columns == 0)
            axes.add_collection(LineCollection(every, colors=LINE, linewidths=0.6), autolim=False)
            _draw_line(axes, lines[name], looks.get(name, (_OTHER, "o"))[0])
            axes.set_title(name, size=7.5, pad=2)
        figure.supxlabel("calibration images", size=8.5, y=0.05 / height)
        figure.supylabel("mIoU, %", size=8.5, x=0.004)
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


def _ends(table: pd.DataFrame) -> tuple[int, int]:
    sizes = table.index.get_level_values("images")
    return int(sizes.min()), int(sizes.max())


def _draw_line(axes: Axes, line: pd.DataFrame, colour: str) -> None:
    axes.fill_between(line.index, 100 * line["min"], 100 * line["max"], color=colour, alpha=0.22, linewidth=0)
    axes.plot(line.index, 100 * line["mean"], color=colour, linewidth=1.5)
    axes.axhline(100 * line["mean"].iloc[-1], color=QUIET, linewidth=0.5, linestyle=(0, (1, 2)))


def _set_axes(axes: Axes, table: pd.DataFrame, named_x: bool, named_y: bool) -> None:
    """Numbers of images on a logarithmic axis, as many of them named as there is room for."""
    sizes = sorted(table.index.get_level_values("images").unique())
    low, high = 100 * table["min"].min(), 100 * table["max"].max()
    room = 0.05 * max(high - low, 1)
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.15)
    axes.set_ylim(low - room, high + room)
    axes.xaxis.set_major_locator(FixedLocator(sizes[:: max(1, math.ceil(len(sizes) / 4))]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.tick_params(labelsize=7, labelbottom=named_x, labelleft=named_y)
