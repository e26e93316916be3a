"""Whether the score of a segment can be read as a probability."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groupseg.report.colours import QUIET
from groupseg.report.results import DatasetResults
from groupseg.report.style import FIGURE_WIDTH, LINE, series, set_margins, styled
from groupseg.report.tables import percent

# What the names in the file stand for.
_SCORES = {"fixed": "product score of GroupViT", "softmax": "softmax score"}


@styled
def reliability_figure(dataset: DatasetResults) -> Figure:
    """Draws the share of right pixels against the mean score, a panel a score; as bars, where the pixels lie."""
    table = dataset.tables["reliability"]
    names = list(dict.fromkeys(table["strategy"]))
    looks = series(names, dataset)
    figure = Figure(figsize=(FIGURE_WIDTH, 3.2))
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    set_margins(figure, left=0.55, bottom=0.45, top=0.3, wspace=0.12)
    for name, axes in zip(names, panels, strict=True):
        rows = table[table["strategy"] == name]
        share = rows["pixels"] / max(rows["pixels"].sum(), 1)
        axes.bar(
            rows["low"], 100 * share, width=rows["high"] - rows["low"], align="edge", color=LINE, edgecolor="white"
        )
        _draw_bins(axes, rows, looks[name])
        axes.set_title(_SCORES.get(name, name))
        axes.set_xlabel("score")
    panels[0].set_ylabel("pixels, %")
    return figure


def reliability_finding(dataset: DatasetResults) -> str:
    """Says by how much each score is off, and to which side."""
    parts = []
    table = dataset.tables["reliability"]
    for name in dict.fromkeys(table["strategy"]):
        off, bias = calibration_error(table[table["strategy"] == name])
        side = "too sure" if bias > 0 else "not sure enough"
        parts.append(
            f"the {_SCORES.get(name, name)} is off by {percent(off)} points on average and, all in all, {side}"
        )
    text = "; ".join(parts)
    return f"Read as a probability, {text}."


def calibration_error(rows: pd.DataFrame) -> tuple[float, float]:
    """Mean over pixels of |score - share right| by bin (Naeini et al. 2015), and of the difference itself."""
    filled = rows[rows["pixels"] > 0]
    difference = filled["confidence"] - filled["accuracy"]
    weights = filled["pixels"] / max(filled["pixels"].sum(), 1)
    return float((weights * difference.abs()).sum()), float((weights * difference).sum())


def _draw_bins(axes: Axes, rows: pd.DataFrame, look: tuple[str, str]) -> None:
    filled = rows[rows["pixels"] > 0]
    axes.plot([0, 1], [0, 100], color=QUIET, linewidth=1, linestyle=(0, (1, 2)))
    axes.vlines(filled["confidence"], 100 * filled["confidence"], 100 * filled["accuracy"], color=LINE, linewidth=1.5)
    axes.plot(filled["confidence"], 100 * filled["accuracy"], color=look[0], linewidth=1.2)
    size = 10 + 120 * np.sqrt(filled["pixels"] / max(filled["pixels"].max(), 1))
    axes.scatter(
        filled["confidence"],
        100 * filled["accuracy"],
        s=size,
        color=look[0],
        edgecolors="white",
        zorder=3,
        clip_on=False,
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 100)
