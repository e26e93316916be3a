"""Which cures work: what every strategy gains over one calibrated threshold, by kind of cure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from groupseg.report.colours import INK, QUIET
from groupseg.report.gains import Gain, Gains
from groupseg.report.kinds import by_kind
from groupseg.report.results import Results
from groupseg.report.roles import REFERENCE
from groupseg.report.style import BEST, LINE, WORSE, name_rows, set_margins, styled, width_beside

# Inches: the names, a row, and what is above and below the rows.
_NAMES, _ROW, _TOP, _BOTTOM = 2.1, 0.18, 0.3, 0.42
_COLOURS = {1: BEST, 0: QUIET, -1: WORSE}


@styled
def cures_figure(results: Results) -> Figure:
    """Draws a panel for each data set: a row for each strategy, with its interval and a tick for each seed."""
    found = Gains(results)
    rows = _rows(by_kind(results))
    figure = Figure(figsize=(width_beside(_NAMES, len(results.datasets)), _ROW * len(rows) + _TOP + _BOTTOM))
    panels = figure.subplots(1, len(results.datasets), sharey=True, squeeze=False)[0]
    set_margins(figure, left=_NAMES, bottom=_BOTTOM, top=_TOP, wspace=0.05)
    for axes, dataset in zip(panels, results.datasets, strict=True):
        gains = {place: found.pairs(name, REFERENCE).get(dataset.name) for place, (_, name) in enumerate(rows) if name}
        _draw(axes, {place: gain for place, gain in gains.items() if gain is not None})
        axes.set_title(dataset.name)
        axes.set_xlabel(f"points of mIoU over {REFERENCE}")
    _name_rows(figure, panels[0], rows)
    return figure


def _rows(kinds: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Kind and strategy of each row; the title of a kind is a row without strategy."""
    return [(kind, name) for kind, names in kinds.items() for name in ("", *names)]


def _draw(axes: Axes, gains: dict[int, Gain]) -> None:
    """Draws gains at their places: blue and red where they count as found, else grey."""
    axes.axvline(0, color=LINE, linewidth=1)
    for sign, colour in _COLOURS.items():
        own = {place: gain for place, gain in gains.items() if gain.sign == sign}
        if own:
            places, ends = list(own), 100 * np.array([(gain.low, gain.high) for gain in own.values()])
            # Broader than what stands on them, else short intervals would be hidden.
            axes.hlines(places, ends[:, 0], ends[:, 1], color=colour, linewidth=4.5, alpha=0.4)
            axes.plot([100 * gain.value for gain in own.values()], places, "o", color=colour, markersize=2.6)
    seeds = [(100 * one, place) for place, gain in gains.items() if len(gain.seeds) > 1 for one in gain.seeds]
    if seeds:
        values, places_of = zip(*seeds, strict=True)
        axes.plot(values, places_of, "|", color=INK, markersize=5, markeredgewidth=0.6)


def _name_rows(figure: Figure, axes: Axes, rows: list[tuple[str, str]]) -> None:
    """Names the strategies, and writes each kind above its own, at the left edge of the figure."""
    edge = blended_transform_factory(figure.dpi_scale_trans, axes.transData)
    for place, (kind, name) in enumerate(rows):
        if not name:
            axes.text(0.08, place, kind, transform=edge, va="center", size=8, color=QUIET)
    name_rows(axes, [name for _, name in rows], size=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
