"""What a rule is worth on a data set that it was not fitted on."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groupseg.report.numbers import NOTHING, percent, signed
from groupseg.report.page_table import Table, tints

_ALL = "all"


def transfer_table(transfer: pd.DataFrame) -> Table:
    """Lists mIoU by strategy; for each data set that it is used on, a column for each that it was fitted on."""
    strategies, sources, targets = (list(dict.fromkeys(transfer[key])) for key in ("strategy", "from", "to"))
    columns = pd.MultiIndex.from_product([targets, sources])
    miou, change = (
        transfer.assign(change=against_own(transfer))
        .pivot(index="strategy", columns=["to", "from"], values=value)
        .reindex(index=strategies, columns=columns)
        .to_numpy()
        for value in ("miou", "change")
    )
    moved = transfer.drop_duplicates("strategy").set_index("strategy")["moved"]
    return Table(
        columns=["strategy", "what moves", *sources * len(targets)],
        rows=[
            [f"`{name}`", moved[name], *(NOTHING if np.isnan(value) else percent(value) for value in row)]
            for name, row in zip(strategies, miou, strict=True)
        ],
        caption="mIoU on the test images in percent, by the data set that a strategy is used on and the one that it "
        "was fitted on; all: one threshold fitted on all calibration images together, for strategies that have nothing "
        "else. All that labels have taught a strategy moves; those that labels have taught something about single "
        "classes cannot move and are not here. Colour: points against what was fitted on the data set itself.",
        words=2,
        groups=[f"used on {name}, fitted on" for name in targets],
        tints=tints(change, 2),
    )


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
