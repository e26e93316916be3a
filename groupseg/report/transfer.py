"""What a rule is worth on a data set that it was not fitted on."""

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from groupseg.report.style import DIVERGING, INK, WIDTH, name_columns, name_rows, set_margins, styled
from groupseg.report.tables import percent, signed

_ALL = "all"
# Inches: a row, and the margins of the figure.
_ROW, _BOTTOM, _RIGHT, _TOP = 0.215, 0.6, 0.95, 0.3


@styled
def transfer_figure(transfer: pd.DataFrame) -> Figure:
    """Draws a row for each strategy; for each data set that it is used on, a column for each that it was fitted on."""
    strategies, sources, targets = (list(dict.fromkeys(transfer[key])) for key in ("strategy", "from", "to"))
    columns = pd.MultiIndex.from_product([targets, sources])
    miou, points = (
        transfer.assign(points=100 * against_own(transfer))
        .pivot(index="strategy", columns=["to", "from"], values=value)
        .reindex(index=strategies, columns=columns)
        .to_numpy()
        for value in ("miou", "points")
    )
    # A few that are far off must not take all colour from the rest.
    largest = max(0.1, float(np.nanquantile(np.abs(points), 0.9)))
    height = _ROW * len(strategies) + _BOTTOM + _TOP
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.subplots()
    set_margins(figure, left=0.2 + 0.07 * max(map(len, strategies)), bottom=_BOTTOM, right=_RIGHT, top=_TOP)
    image = axes.imshow(points, DIVERGING, Normalize(-largest, largest), aspect="auto", interpolation="none")
    # Not every strategy has a threshold for all.
    for row, column in np.argwhere(~np.isnan(miou)):
        # White on strong colours, dark on pale ones.
        colour = "white" if abs(points[row, column]) > 0.62 * largest else INK
        axes.text(column, row, percent(miou[row, column]), ha="center", va="center", size=7.5, color=colour)
    for place, name in enumerate(targets):
        start = place * len(sources) - 0.5
        axes.axvline(start, color="white", linewidth=8)
        axes.text(start + len(sources) / 2, -0.75, f"used on {name}", ha="center", weight="bold")
    name_rows(axes, strategies)
    name_columns(axes, sources * len(targets), size=7.5)
    axes.set_xlabel("fitted on", labelpad=16)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(
        image, cax=figure.add_axes((1 - 0.75 / WIDTH, _BOTTOM / height, 0.1 / WIDTH, 0.5)), extend="both"
    )
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
