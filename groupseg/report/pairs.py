"""Who beats whom: the differences of all pairs of strategies."""

import numpy as np
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from groupseg.report.colours import INK
from groupseg.report.results import DatasetResults
from groupseg.report.style import DIVERGING, FIGURE_WIDTH, name_columns, name_rows, styled

# Above this p a difference may be chance; that of all pairs together.
_LEVEL = 0.05
# Inches of a cell, and of the letters of a name.
_CELL, _LETTER = 0.215, 0.07


@styled
def pairs_figure(dataset: DatasetResults) -> Figure:
    """Draws the matrix of differences, the best strategy on top and on the left."""
    names = dataset.ranking
    # All in inches.
    margin, foot, tall = 0.2 + _LETTER * max(map(len, names)), 0.3, max(_CELL * len(names), 0.8)
    wide, height = min(1.15 * tall, FIGURE_WIDTH - margin - 0.9), tall + foot + margin
    figure = Figure(figsize=(margin + wide + 0.9, height))
    matrix, bar = (
        figure.add_axes((x / figure.get_figwidth(), foot / height, side / figure.get_figwidth(), length / height))
        for x, side, length in ((margin, wide, tall), (margin + wide + 0.2, 0.1, min(tall, 2.2)))
    )
    difference, p = difference_matrix(dataset)
    points = 100 * difference
    # A few that are far off must not take all colour from the rest.
    largest = max(float(np.nanquantile(np.abs(points), 0.9)) if len(names) > 1 else 0, 0.1)
    image = matrix.imshow(points, DIVERGING, Normalize(-largest, largest), aspect="auto", interpolation="none")
    row, column = np.nonzero(p <= _LEVEL)
    # White on strong colours, dark on pale ones.
    strong = np.abs(points[row, column]) > 0.62 * largest
    for colour, some in (("white", strong), (INK, ~strong)):
        matrix.plot(column[some], row[some], "o", color=colour, markersize=1.9, markeredgewidth=0)
    name_rows(matrix, names)
    name_columns(matrix, names)
    matrix.spines[:].set_visible(False)
    matrix.set_xlabel("row minus column, points of mIoU; dot: more than chance")
    Colorbar(bar, image, extend="both").outline.set_visible(False)
    return figure


def pairs_finding(dataset: DatasetResults) -> str:
    """Says how many pairs differ."""
    table = dataset.tables["pairs"]
    sure = int((table["p"] <= _LEVEL).sum())
    return f"{sure} of {len(table)} pairs differ by more than chance, at 5 % for all pairs together."


def difference_matrix(dataset: DatasetResults) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Arranges the pairs by rank: [n, n] mIoU of the row minus that of the column, and p; NaN on the diagonal."""
    place = {name: index for index, name in enumerate(dataset.ranking)}
    difference, p = np.full((2, len(place), len(place)), np.nan)
    pairs = dataset.tables["pairs"]
    first, second = (pairs[column].map(place).to_numpy() for column in ("first", "second"))
    difference[first, second], difference[second, first] = pairs["difference"], -pairs["difference"]
    p[first, second] = p[second, first] = pairs["p"]
    return difference, p
