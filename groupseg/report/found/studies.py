"""What the studies say: labels that are needed, longer class lists, other data sets."""

import pandas as pd

from groupseg.report.found.words import named
from groupseg.report.gains import Gains
from groupseg.report.learning import learning_spread, needed
from groupseg.report.numbers import signed
from groupseg.report.results import DatasetResults
from groupseg.report.roles import REFERENCE
from groupseg.report.transfer import against_own


def images_of_one_threshold(found: Gains) -> str:
    """How few calibration images one threshold needs."""
    return _images(found, REFERENCE)


def images_of_best(found: Gains) -> str:
    """How few calibration images the best rule needs."""
    return _images(found, found.best) if found.best != REFERENCE else ""


def _images(found: Gains, name: str) -> str:
    """The number of images that are enough for a strategy, and what the fewest cost from draw to draw."""
    tables = {one.name: learning_spread(one) for one in found.results.datasets}
    known = {one: table for one, table in tables.items() if name in table.index.get_level_values("strategy")}
    if not known:
        return ""
    few, full = (named(sorted({str(end(table.loc[name].index)) for table in known.values()})) for end in (min, max))
    enough = [f"{needed(table)[name]} on {dataset}" for dataset, table in known.items()]
    lost = [f"{_lost(table, name)} on {dataset}" for dataset, table in known.items()]
    return (
        f"Calibration images that `{name}` needs to come within a point of its mIoU with all {full}: {named(enough)}. "
        f"With {few} images its mIoU changes by so many points, from draw to draw: {named(lost)}."
    )


def _lost(table: pd.DataFrame, name: str) -> str:
    """What the fewest images change from draw to draw, against all of them."""
    own = table.loc[name]
    full, fewest = own["mean"].iloc[-1], own.iloc[0]
    return _span(fewest["min"] - full, fewest["max"] - full)


def names(found: Gains) -> str:
    """How the best threshold of `global` moves as names of other classes join, while the same pixels count."""
    return _names(found, REFERENCE)


def names_by_cosine(found: Gains) -> str:
    """How that of `cosine` does."""
    return _names(found, "cosine")


def _names(found: Gains, name: str) -> str:
    moves = [f"{one.name} {text}" for one in found.results.datasets if (text := _moves(one, name))]
    if not moves:
        return ""
    return f"Best threshold of `{name}` by the number of class names, the same pixels judged: {', '.join(moves)}."


def _moves(dataset: DatasetResults, name: str) -> str:
    """From where to where, and whether all draws agree."""
    table = dataset.tables["vocabulary"]
    rows = table[(table["kind"] == "others") & (table["strategy"] == name)].dropna(subset=["threshold"])
    if rows.empty:
        return ""
    sizes = rows["size"].min(), rows["size"].max()
    few, every = (rows[rows["size"] == size].set_index("draw")["threshold"] for size in sizes)
    lower, higher = (every < few).all(), (every > few).all()
    way = "lower in every draw" if lower else "higher in every draw" if higher else "not one way in all draws"
    ends = zip((few, every), sizes, strict=True)
    return " and ".join(f"{values.mean():.2f} with {size}" for values, size in ends) + f" ({way})"


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
    parts = [f"`{name}` ({_moved(rows, name)}) by {_span(ends['min'][name], ends['max'][name])}" for name in shown]
    text = (
        f"Fitted on another data set, rules change mIoU: {named(parts)} points. In brackets stands what is taken over."
    )
    return text + (f" On average `{worst}` loses most." if ends["mean"].min() < 0 else " On average none loses.")


def _moved(rows: pd.DataFrame, name: str) -> str:
    return str(rows.loc[rows["strategy"] == name, "moved"].iloc[0])


def _span(low: float, high: float) -> str:
    return f"{signed(low)} to {signed(high)}"
