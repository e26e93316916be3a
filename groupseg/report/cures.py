"""Which cures work: what every strategy gains over one calibrated threshold, by kind of cure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groupseg.report.gains import Gain, Gains
from groupseg.report.kinds import by_kind
from groupseg.report.results import REFERENCE, Results
from groupseg.report.style import BEST, DPI, INK, LINE, QUIET, WORSE, styled

# Inches.
_WIDTH, _NAMES, _ROW, _TOP, _BOTTOM = 9.6, 1.95, 0.165, 0.3, 0.42
_COLOURS = {1: BEST, 0: QUIET, -1: WORSE}


def cures_figure(results: Results) -> Figure:
    """Draws a panel for each data set: a row for each strategy, with its interval and a tick for each other seed."""
    found, kinds = Gains(results), by_kind(results)
    rows = _rows(kinds)
    height = _ROW * (rows[-1][1] + 1) + _TOP + _BOTTOM
    with styled():
        figure = Figure(figsize=(_WIDTH, height), dpi=DPI)
        panels = figure.subplots(1, len(results.datasets), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(_NAMES / _WIDTH, _BOTTOM / height, 0.99, 1 - _TOP / height, wspace=0.05)
        for axes, dataset in zip(panels, results.datasets, strict=True):
            gains = {name: found.pairs(name, REFERENCE).get(dataset.name) for _, _, name in rows if name}
            places = {name: place for _, place, name in rows if name}
            _draw(axes, {places[name]: gain for name, gain in gains.items() if gain is not None})
            axes.set_title(dataset.name)
            axes.set_xlabel(f"points over {REFERENCE}")
        _name_rows(panels[0], rows)
    return figure


def _rows(kinds: dict[str, list[str]]) -> list[tuple[str, int, str]]:
    """Kind, place and strategy of each row; the title of a kind is a row without strategy."""
    rows: list[tuple[str, int, str]] = []
    for kind, names in kinds.items():
        rows += [(kind, len(rows) + place, name) for place, name in enumerate(["", *names])]
    return rows


def _draw(axes: Axes, gains: dict[int, Gain]) -> None:
    """Draws gains at their places: blue and red where they count as found, else grey."""
    axes.axvline(0, color=LINE, linewidth=1)
    for sign, colour in _COLOURS.items():
        own = {place: gain for place, gain in gains.items() if gain.sign == sign}
        if own:
            places, ends = list(own), 100 * np.array([(gain.low, gain.high) for gain in own.values()])
            axes.hlines(places, ends[:, 0], ends[:, 1], color=colour, linewidth=1.1)
            axes.plot([100 * gain.value for gain in own.values()], places, "o", color=colour, markersize=3)
    others = [(100 * other, place) for place, gain in gains.items() for other in gain.others]
    if others:
        values, places_of = zip(*others, strict=True)
        axes.plot(values, places_of, "|", color=INK, markersize=5, markeredgewidth=0.8)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def _name_rows(axes: Axes, rows: list[tuple[str, int, str]]) -> None:
    """Names the strategies, and writes each kind above its own."""
    axes.set_yticks([place for _, place, _ in rows], [name for _, _, name in rows], size=7.5, color=INK)
    axes.set_ylim(rows[-1][1] + 0.6, -0.6)
    for kind, place, name in rows:
        if not name:
            axes.annotate(
                kind, (0, place), (-_NAMES * 72 + 6, 0), ("axes fraction", "data"), "offset points",
                va="center", size=7.5, color=QUIET, annotation_clip=False,
            )  # fmt: skip
