"""What a rule is worth on a data set that it was not fitted on."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from groupseg.report.style import DIVERGING, DPI, INK, styled
from groupseg.report.tables import percent, signed

_COLUMNS, _ALL = 4, "all"


def transfer_figure(transfer: pd.DataFrame) -> Figure:
    """Draws a matrix for each strategy: rows where the threshold comes from, columns where it is used."""
    strategies = list(dict.fromkeys(transfer["strategy"]))
    change = 100 * against_own(transfer)
    # A few that are far off must not take all colour from the rest.
    largest = max(0.1, float(np.nanquantile(np.abs(change), 0.9)))
    norm = Normalize(-largest, largest)
    columns = min(_COLUMNS, len(strategies))
    rows = math.ceil(len(strategies) / columns)
    with styled():
        height = 0.3 * transfer["from"].nunique() + 0.35
        figure = Figure(figsize=(9.6, rows * height + 0.7), dpi=DPI, layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in panels[len(strategies) :]:
            axes.set_axis_off()
        for place, (axes, name) in enumerate(zip(panels, strategies, strict=False)):
            matrix = _matrix(transfer, "miou", name)
            points = _matrix(transfer.assign(change=change), "change", name).to_numpy()
            axes.imshow(points, cmap=DIVERGING, norm=norm, aspect="auto")
            _write_values(axes, matrix.to_numpy(), np.abs(points) > 0.62 * largest)
            axes.set_title(name)
            # The axes are the same for all, and named at the edges.
            _name_axes(axes, matrix, left=place % columns == 0, below=place >= (rows - 1) * columns)
        bar = figure.colorbar(ScalarMappable(norm, DIVERGING), ax=panels.tolist(), aspect=30, pad=0.01, extend="both")
        bar.set_label("points against its own")
        bar.outline.set_visible(False)
    return figure


def transfer_finding(transfer: pd.DataFrame) -> str:
    """Says what a rule of another data set costs, on average and for the strategies at the ends, and what moved."""
    rows = transfer.assign(change=against_own(transfer))
    rows = rows[rows["from"] != rows["to"]]
    foreign, shared = (
        part.groupby("strategy", sort=False)["change"].mean()
        for part in (rows[rows["from"] != _ALL], rows[rows["from"] == _ALL])
    )
    if foreign.empty:
        return "There is no other data set to take a rule from."
    moved = transfer.drop_duplicates("strategy").set_index("strategy")["moved"]
    ends = [
        f"{signed(foreign[name])} ({name}: {moved[name]})" for name in map(str, (foreign.idxmax(), foreign.idxmin()))
    ]
    text = (
        f"Fitted on another data set, {len(foreign)} strategies change mIoU by {signed(foreign.mean())} points on "
        f"average, from {ends[0]} to {ends[1]}; in brackets what moves."
    )
    return text if shared.empty else f"{text} One threshold for all data sets: {signed(shared.mean())} on average."


def against_own(transfer: pd.DataFrame) -> NDArray[np.float64]:
    """What each row gains over the rule that was fitted on the data set itself; NaN where there is none."""
    own = transfer[transfer["from"] == transfer["to"]].set_index(["strategy", "to"])["miou"]
    same = own.reindex(pd.MultiIndex.from_frame(transfer[["strategy", "to"]]))
    return np.asarray(transfer["miou"].to_numpy() - same.to_numpy(), dtype=np.float64)


def _matrix(transfer: pd.DataFrame, column: str, strategy: str) -> pd.DataFrame:
    """A column of a strategy, rows "from" and columns "to" in the order of the file."""
    rows = transfer[transfer["strategy"] == strategy]
    matrix = rows.pivot(index="from", columns="to", values=column)
    # Not every strategy has a row "all".
    return matrix.reindex(index=list(dict.fromkeys(transfer["from"])), columns=list(dict.fromkeys(transfer["to"])))


def _write_values(axes: Axes, values: NDArray[Any], strong: NDArray[np.bool_]) -> None:
    """Writes percentages into the cells, white on strong colours."""
    for row, column in np.argwhere(~np.isnan(values)):
        colour = "white" if strong[row, column] else INK
        axes.text(column, row, percent(values[row, column]), ha="center", va="center", size=8, color=colour)


def _name_axes(axes: Axes, matrix: pd.DataFrame, left: bool, below: bool) -> None:
    axes.set_yticks(range(matrix.shape[0]), list(matrix.index), color=INK)
    axes.set_xticks(range(matrix.shape[1]), list(matrix.columns), color=INK, rotation=20)
    axes.tick_params(axis="both", length=0, labelleft=left, labelbottom=below)
    axes.set_ylabel("fitted on" if left else "")
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
