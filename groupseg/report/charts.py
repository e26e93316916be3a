"""The figures of per-class IoU and of the training history."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from groupseg.report.results import ORACLE, DatasetResults
from groupseg.report.style import BEST, COLOURS, DPI, INK, LINE, styled


def per_class_figure(dataset: DatasetResults) -> Figure:
    """Draws the IoU of each class that occurs: oracle, best strategy and baseline one within the other."""
    best, baseline = dataset.best, dataset.baseline
    table = dataset.tables["per_class"].dropna(subset=[ORACLE]).sort_values([best, "class"], ascending=[False, True])
    place = np.arange(len(table))
    with styled():
        figure = Figure(figsize=(9.6, 3.4), dpi=DPI, layout="constrained")
        axes = figure.subplots()
        oracle = axes.bar(place, 100 * table[ORACLE], width=0.86, color=LINE, label="label oracle")
        bars = axes.bar(place, 100 * table[best], width=0.52, color=BEST, label=best)
        line = axes.hlines(100 * table[baseline], place - 0.43, place + 0.43, color=INK, linewidth=1.6, label=baseline)
        # Eighty names must not touch each other.
        size = float(np.clip(340 / len(table), 4.5, 8.5))
        axes.set_xticks(
            place, list(table["class"]), rotation=60, ha="right", rotation_mode="anchor", size=size, color=INK
        )
        axes.set_xlim(-0.7, len(table) - 0.3)
        axes.set_ylabel("IoU, %")
        axes.grid(visible=False, axis="x")
        figure.legend(handles=[line, bars, oracle], loc="outside upper right", ncols=3)
    return figure


def history_figure(history: pd.DataFrame) -> Figure:
    """Draws each loss of the training against the step, smoothed, and the total also as it was."""
    names = [name for name in history.columns if name != "step"]
    window = max(1, len(history) // 40)
    with styled():
        figure = Figure(figsize=(9.6, 2.6), dpi=DPI, layout="constrained")
        axes = figure.subplots()
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
