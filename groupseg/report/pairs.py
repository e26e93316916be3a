"""Who beats whom: every strategy with its interval, and beside it the differences to all others."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from groupseg.report.results import DatasetResults
from groupseg.report.style import DIVERGING, INK, QUIET, WIDTH, name_columns, name_rows, roles, styled
from groupseg.report.tables import percent

# Above this p a difference may be chance; that of all pairs together.
_LEVEL = 0.05
_OTHER = ("#b3b9c1", "o")


@styled
def pairs_figure(dataset: DatasetResults) -> Figure:
    """Draws mIoU with intervals on the left and the matrix of differences on the right, the best strategy on top."""
    names = dataset.ranking
    longest = max(map(len, names))
    # All in inches.
    size, foot = max(0.215 * len(names), 0.8), 0.45
    margin, top = 0.2 + 0.07 * longest, 0.15 + 0.062 * longest
    side = min(1.4 * size, 8.75 - margin - 1.3)
    left = WIDTH - 0.75 - side
    height = size + top + foot
    figure = Figure(figsize=(WIDTH, height))
    places = ((margin, left - margin - 0.12, size), (left, side, size), (WIDTH - 0.62, 0.1, min(size, 2.2)))
    strip, matrix, bar = (
        figure.add_axes((x / WIDTH, foot / height, wide / WIDTH, tall / height)) for x, wide, tall in places
    )
    _draw_strip(strip, dataset, names)
    _draw_matrix(matrix, bar, dataset, names)
    return figure


def pairs_finding(dataset: DatasetResults) -> str:
    """Says how many strategies cannot be told from the highest, and how many pairs differ."""
    table, winner = dataset.tables["pairs"], dataset.winner
    sure = int((table["p"] <= _LEVEL).sum())
    own = table[(table["first"] == winner) | (table["second"] == winner)]
    ties = set(own.loc[own["p"] > _LEVEL, ["first", "second"]].to_numpy().ravel()) - {winner}
    named = [name for name in dataset.ranking if name in ties]
    listed = f": {', '.join(named[:6])}{' and others' if len(named) > 6 else ''}" if named else ""
    verdict = (
        f"{len(ties)} of the others cannot be told from it{listed}"
        if ties
        else "all others are lower by more than chance"
    )
    return (
        f"{sure} of {len(table)} pairs differ by more than chance, at 5 % for all pairs together. The highest is "
        f"{winner} with {percent(dataset.strategies[winner]['miou'])} %; {verdict}."
    )


def difference_matrix(dataset: DatasetResults) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Arranges the pairs by rank: [n, n] mIoU of the row minus that of the column, and p; NaN on the diagonal."""
    place = {name: index for index, name in enumerate(dataset.ranking)}
    difference, p = np.full((2, len(place), len(place)), np.nan)
    pairs = dataset.tables["pairs"]
    first, second = (pairs[column].map(place).to_numpy() for column in ("first", "second"))
    difference[first, second], difference[second, first] = pairs["difference"], -pairs["difference"]
    p[first, second] = p[second, first] = pairs["p"]
    return difference, p


def _draw_strip(axes: Axes, dataset: DatasetResults, names: list[str]) -> None:
    looks = roles(dataset)
    axes.axvline(100 * dataset.oracle["miou"], color=QUIET, linewidth=1, linestyle=(0, (1, 2)))
    axes.axvline(100 * dataset.strategies[dataset.baseline]["miou"], color=looks[dataset.baseline][0], linewidth=0.8)
    drawn = [looks.get(name, _OTHER) for name in names]
    low, high = 100 * np.array([dataset.strategies[name]["miou_ci"] for name in names]).T
    axes.hlines(range(len(names)), low, high, colors=[colour for colour, _ in drawn], linewidth=1.4)
    for look in dict.fromkeys(drawn):
        places = [place for place, own in enumerate(drawn) if own == look]
        figures = [100 * dataset.strategies[names[place]]["miou"] for place in places]
        colour, marker = look
        axes.plot(figures, places, marker, color=colour, markersize=4.5)
    name_rows(axes, names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("mIoU, %; dotted: label oracle")


def _draw_matrix(axes: Axes, bar: Axes, dataset: DatasetResults, names: list[str]) -> None:
    difference, p = difference_matrix(dataset)
    points = 100 * difference
    # A few that are far off must not take all colour from the rest.
    largest = max(float(np.nanquantile(np.abs(points), 0.9)) if len(names) > 1 else 0, 0.1)
    image = axes.imshow(points, cmap=DIVERGING, norm=Normalize(-largest, largest), aspect="auto", interpolation="none")
    row, column = np.nonzero(p <= _LEVEL)
    # White on strong colours, dark on pale ones.
    strong = np.abs(points[row, column]) > 0.62 * largest
    for colour, some in (("white", strong), (INK, ~strong)):
        axes.plot(column[some], row[some], "o", color=colour, markersize=1.9, markeredgewidth=0)
    name_columns(axes, names, above=True, rotation=90, size=7)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_xlabel("row minus column, points; dot: more than chance")
    Colorbar(bar, image, extend="both").outline.set_visible(False)
