"""What the studies say: labels that are needed, longer class lists, other data sets."""

from collections.abc import Callable, Iterable

import pandas as pd

from groupseg.report.found.words import named
from groupseg.report.gains import Gains
from groupseg.report.learning import learning_spread, needed
from groupseg.report.numbers import signed
from groupseg.report.results import REFERENCE, DatasetResults
from groupseg.report.transfer import against_own


def _by_strategy(found: Gains, strategies: Iterable[str], tell: Callable[[DatasetResults, str], str]) -> list[str]:
    """What is told of each strategy on each data set; nothing of one of which nothing is."""
    parts = []
    for name in strategies:
        told = [f"{one.name} {text}" for one in found.results.datasets if (text := tell(one, name))]
        if told:
            parts.append(f"`{name}` {', '.join(told)}")
    return parts


def images_needed(found: Gains) -> str:
    """How few calibration images one threshold needs, and the best rule."""
    parts = _by_strategy(found, dict.fromkeys((REFERENCE, found.best)), _needs)
    if not parts:
        return ""
    return (
        "Calibration images from which on a rule is within a point of what it reaches with all, and in brackets the "
        f"points that the draws of the fewest images lie off: {'; '.join(parts)}."
    )


def _needs(dataset: DatasetResults, name: str) -> str:
    """The number of images, and what the fewest cost from draw to draw."""
    table = learning_spread(dataset)
    if name not in set(table.index.get_level_values("strategy")):
        return ""
    own = table.loc[name]
    full, fewest = own["mean"].iloc[-1], own.iloc[0]
    ends = f"{signed(fewest['min'] - full)} to {signed(fewest['max'] - full)} with {own.index[0]}"
    return f"{needed(table)[name]} [{ends}]"


def names(found: Gains) -> str:
    """How the best threshold moves as names of other classes join, while the same pixels count."""
    parts = _by_strategy(found, [REFERENCE, "cosine"], _moves)
    if not parts:
        return ""
    return (
        f"As names of other classes join the list and the same pixels count, best thresholds move: {'; '.join(parts)}."
    )


def _moves(dataset: DatasetResults, name: str) -> str:
    """From where to where, and whether all draws agree."""
    table = dataset.tables["vocabulary"]
    rows = table[(table["kind"] == "others") & (table["strategy"] == name)].dropna(subset=["threshold"])
    if rows.empty:
        return ""
    ends = [
        rows[rows["size"] == size].set_index("draw")["threshold"] for size in (rows["size"].min(), rows["size"].max())
    ]
    change = ends[1] / ends[0]
    way = "down" if (change < 1).all() else "up" if (change > 1).all() else "both ways"
    span = f"times {change.min():.2f} to {change.max():.2f} from draw to draw"
    return f"{ends[0].mean():.2f} to {ends[1].mean():.2f} ({way}, {span})"


def moved(found: Gains) -> str:
    """What rules that were fitted on another data set cost."""
    table = found.results.transfer
    if table.empty:
        return ""
    rows = table.assign(change=against_own(table))
    rows = rows[(rows["from"] != rows["to"]) & (rows["from"] != "all")].dropna(subset=["change"])
    if rows.empty:
        return ""
    ends = rows.groupby("strategy", sort=False)["change"].agg(["mean", "min", "max"])
    worst = ends["mean"].idxmin()
    shown = [name for name in dict.fromkeys((REFERENCE, "cosine", str(worst))) if name in ends.index]
    parts = [f"`{name}` ({_moved(rows, name)}) {_span(ends['min'][name], ends['max'][name])}" for name in shown]
    text = f"Fitted on another data set, rules change mIoU by so many points from case to case: {named(parts)}."
    return text + (f" On average `{worst}` suffers most." if ends["mean"].min() < 0 else " On average none loses.")


def _moved(rows: pd.DataFrame, name: str) -> str:
    return str(rows.loc[rows["strategy"] == name, "moved"].iloc[0])


def _span(low: float, high: float) -> str:
    return f"{signed(low)} to {signed(high)}"
