"""The figure of the training history."""

from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure

from groupseg.report.colours import INK
from groupseg.report.style import BEST, COLOURS, FIGURE_WIDTH, LINE, set_margins, styled


@styled
def history_figure(history: pd.DataFrame) -> Figure:
    """Draws each loss of the training against the step, smoothed, and the total also as it was."""
    names = [name for name in history.columns if name != "step"]
    window = max(1, len(history) // 40)
    figure = Figure(figsize=(FIGURE_WIDTH, 2.6))
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
