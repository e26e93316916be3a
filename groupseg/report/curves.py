"""The figure of threshold curves, one panel a score, with every strategy marked on it."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groupseg.report.results import DatasetResults
from groupseg.report.style import DPI, INK, QUIET, look, styled

_SCORES = {"product": "GroupViT's product score", "softmax": "softmax score", "cosine": "cosine score"}
_RELATIVE = {"max": "share of the image's best\n", "mean_std": "deviations above the mean\nof the image, "}


def curve_figure(dataset: DatasetResults) -> Figure:
    """Draws test mIoU against the threshold of each score, and every strategy with its interval."""
    panels = _panels(dataset)
    with styled():
        figure = Figure(figsize=(9.6, 3.3), dpi=DPI, layout="constrained")
        ratios = [*(2.2 for _ in panels), 0.34 * (len(dataset.strategies) + 1)]
        *charts, strip = figure.subplots(1, len(panels) + 1, sharey=True, width_ratios=ratios, squeeze=False)[0]
        for axes, (title, strategies) in zip(charts, panels.items(), strict=True):
            _draw_panel(axes, dataset, strategies)
            axes.set_title(title)
            axes.set_xlabel("threshold")
        _draw_strip(strip, dataset)
        strip.set_title("all, with 95 % intervals")
        figure.axes[0].set_ylabel("mIoU, %")
        strip.set_ylim(bottom=0)
    return figure


def threshold_of(record: dict[str, Any]) -> float | None:
    """Returns the single threshold of a calibrated strategy; None where it has several or none."""
    threshold = record["params"].get("threshold", record["fitted"].get("threshold"))
    return threshold if isinstance(threshold, int | float) else None


def _panels(dataset: DatasetResults) -> dict[str, list[str]]:
    """Groups the strategies that have a curve by the score that their threshold cuts."""
    drawn = set(dataset.curves["strategy"])
    panels: dict[str, list[str]] = {}
    for name, record in dataset.calibration.items():
        if name in drawn:
            score = record["params"].get("score", "score")
            title = _RELATIVE.get(record["params"].get("by"), "") + _SCORES.get(score, score)
            panels.setdefault(title, []).append(name)
    return panels


def _draw_panel(axes: Axes, dataset: DatasetResults, strategies: list[str]) -> None:
    """Draws the one curve that the strategies share, and where on it each of them stands."""
    curve = dataset.curves[dataset.curves["strategy"] == strategies[0]]
    axes.plot(curve["threshold"], 100 * curve["miou"], color=INK, linewidth=1.3, zorder=2)
    axes.axhline(100 * dataset.oracle["miou"], color=QUIET, linewidth=1, linestyle=(0, (1, 2)))
    looks = look(list(dataset.strategies))
    for name in strategies:
        colour, marker = looks[name]
        miou = 100 * dataset.strategies[name]["miou"]
        threshold = threshold_of(dataset.calibration[name])
        if threshold is None:
            # Its labels come from several thresholds at once: it has a height, but no place on the axis.
            axes.axhline(miou, color=colour, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        else:
            axes.plot(threshold, miou, marker, color=colour, markersize=7, markeredgecolor="white", zorder=4)


def _draw_strip(axes: Axes, dataset: DatasetResults) -> None:
    """Draws every strategy and the oracle with its 95 % interval."""
    looks = look(list(dataset.strategies))
    figures = {**dataset.strategies, "label oracle": dataset.oracle}
    axes.axhline(100 * dataset.oracle["miou"], color=QUIET, linewidth=1, linestyle=(0, (1, 2)))
    for place, (name, values) in enumerate(figures.items()):
        colour, marker = looks.get(name, (INK, "*"))
        low, high = values["miou_ci"]
        axes.vlines(place, 100 * low, 100 * high, color=colour, linewidth=1.4)
        axes.plot(place, 100 * values["miou"], marker, color=colour, markersize=4.5)
    axes.set_xticks(range(len(figures)), list(figures), rotation=45, ha="right", rotation_mode="anchor", color=INK)
    axes.set_xlim(-0.6, len(figures) - 0.4)
    axes.grid(visible=False, axis="x")
