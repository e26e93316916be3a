"""The figures of per-class IoU and of the training history."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from groupseg.report.results import ORACLE, DatasetResults
from groupseg.report.style import BEST, COLOURS, INK, LINE, WIDTH, name_columns, set_margins, styled


@styled
def per_class_figure(dataset: DatasetResults) -> Figure:
    """Draws the IoU of each class that occurs: oracle, best strategy and baseline one within the other."""
    best, baseline = dataset.best, dataset.baseline
    table = dataset.tables["per_class"].dropna(subset=[ORACLE]).sort_values([best, "class"], ascending=[False, True])
    place = np.arange(len(table))
    figure = Figure(figsize=(WIDTH, 3.4))
    axes = figure.subplots()
    set_margins(figure, left=0.5, bottom=1.05, top=0.35)
    # Points of the page that a class takes. Eighty bars are drawn faster as lines than as rectangles.
    step = 72 * (WIDTH - 0.6) / (len(table) + 0.4)
    axes.vlines(place, 0, 100 * table[ORACLE], LINE, linewidth=0.86 * step)
    axes.vlines(place, 0, 100 * table[best], BEST, linewidth=0.52 * step)
    line = axes.hlines(100 * table[baseline], place - 0.43, place + 0.43, INK, linewidth=1.6, label=baseline)
    # Eighty names must not touch each other.
    size = float(np.clip(340 / len(table), 4.5, 8.5))
    name_columns(axes, list(table["class"]), rotation=60, rotation_mode="anchor", ha="right", size=size)
    axes.set_xlim(-0.7, len(table) - 0.3)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("IoU, %")
    bars = [Patch(color=colour, label=name) for name, colour in ((best, BEST), ("label oracle", LINE))]
    figure.legend(handles=[line, *bars], loc="upper right", ncols=3)
    return figure


@styled
def history_figure(history: pd.DataFrame) -> Figure:
    """Draws each loss of the training against the step, smoothed, and the total also as it was."""
    names = [name for name in history.columns if name != "step"]
    window = max(1, len(history) // 40)
    figure = Figure(figsize=(WIDTH, 2.6))
    axes = figure.subplots()
    set_margins(figure, left=0.5, bottom=0.45, top=0.1)
    axes.plot(history["step"], history["loss"], color=LINE, linewidth=0.6)
    colours = dict(zip((name for name in names if name != "loss"), cycle((BEST, *COLOURS)), strict=False))
    for name in names:
        smooth = history[name].rolling(window, min_periods=1, center=True).mean()
        axes.plot(history["step"], smooth, color=colours.get(name, INK), linewidth=1.4, label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.set_xlim(0, history["step"].max())
    axes.legend(loc="upper right", ncols=len(names))
    return figure
