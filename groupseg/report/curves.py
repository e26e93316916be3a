"""The figure of threshold curves: a panel for each score that one of the singled out strategies cuts."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groupseg.report.colours import INK, QUIET
from groupseg.report.results import DatasetResults
from groupseg.report.style import FIGURE_WIDTH, roles, set_margins, styled
from groupseg.report.tables import percent

_SCORES = {
    "product": "product score of GroupViT",
    "softmax": "softmax score",
    "cosine": "cosine score",
    "probability": "score of the method itself",
}
# Rules that cut one of these scores as it is; all others have a score of their own.
_PLAIN = ("fixed", "threshold")


@styled
def curve_figure(dataset: DatasetResults) -> Figure:
    """Draws test mIoU against the threshold of each score, and where the strategies stand that cut it."""
    panels = _panels(dataset)
    figure = Figure(figsize=(FIGURE_WIDTH, 3.1))
    charts = figure.subplots(1, max(len(panels), 1), squeeze=False)[0]
    set_margins(figure, left=0.5, bottom=0.45, top=0.55, wspace=0.1)
    known: dict[str, Any] = {}
    for axes, (title, strategies) in zip(charts, panels.items(), strict=False):
        _draw_panel(axes, dataset, strategies)
        axes.set_title(title)
        axes.set_xlabel("threshold")
        handles, labels = axes.get_legend_handles_labels()
        known |= dict(zip(labels, handles, strict=True))
    highest = max(axes.get_ylim()[1] for axes in charts)
    for axes in charts:
        axes.set_ylim(0, highest)
        axes.tick_params(labelleft=axes is charts[0])
    charts[0].set_ylabel("mIoU, %")
    figure.legend(known.values(), known.keys(), loc="upper right", ncols=max(len(known), 1))
    return figure


def curve_finding(dataset: DatasetResults) -> str:
    """Says what the best threshold on the test images would be worth on each score."""
    peaks = [
        f"{percent(_curve(dataset, strategies)['miou'].max())} % on the {title}"
        for title, strategies in _panels(dataset).items()
    ]
    return f"The highest point of each curve, which no calibration can know: {', '.join(peaks)}."


def threshold_of(record: dict[str, Any]) -> float | None:
    """Returns the single threshold of a calibrated strategy; None where it has several or none."""
    threshold = record["params"].get("threshold", record["fitted"].get("threshold"))
    return threshold if isinstance(threshold, int | float) else None


def _panels(dataset: DatasetResults) -> dict[str, list[str]]:
    """Groups the singled out strategies that have a curve by the score that their threshold cuts."""
    drawn = set(dataset.tables["curves"]["strategy"])
    chosen = roles(dataset)
    panels: dict[str, list[str]] = {}
    for name, record in dataset.calibration.items():
        if name in drawn and name in chosen:
            score = record["params"].get("score", "")
            title = _SCORES.get(score, "") if record["rule"] in _PLAIN else ""
            panels.setdefault(title or f"score of {name}", []).append(name)
    return panels


def _curve(dataset: DatasetResults, strategies: list[str]) -> pd.DataFrame:
    """The curve of those that cut one score; of constants alone, whose rule may do more, that of the first."""
    calibrated = [name for name in strategies if dataset.calibration[name]["rule"] != "fixed"]
    curves = dataset.tables["curves"]
    return curves[curves["strategy"] == (calibrated or strategies)[0]]


def _draw_panel(axes: Axes, dataset: DatasetResults, strategies: list[str]) -> None:
    """Draws the one curve that the strategies share, and where on it each of them stands."""
    curve = _curve(dataset, strategies)
    axes.plot(curve["threshold"], 100 * curve["miou"], color=INK, linewidth=1.3, zorder=2)
    dots: dict[str, Any] = {"color": QUIET, "linewidth": 1, "linestyle": (0, (1, 2))}
    axes.axhline(100 * dataset.oracle["miou"], label="label oracle", **dots)
    looks = roles(dataset)
    for name in strategies:
        colour, marker = looks[name]
        miou = 100 * dataset.strategies[name]["miou"]
        threshold = threshold_of(dataset.calibration[name])
        if threshold is None:
            # Its labels come from several thresholds at once: it has a height, but no place on the axis.
            axes.axhline(miou, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1, label=name)
        else:
            style: dict[str, Any] = {"markersize": 7, "markeredgecolor": "white", "linestyle": "none"}
            axes.plot(threshold, miou, marker, color=colour, zorder=4, label=name, **style)
