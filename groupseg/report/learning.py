"""How many calibration images a strategy needs."""

import pandas as pd

from groupseg.report.numbers import NOTHING, percent
from groupseg.report.page_table import Table, tints
from groupseg.report.results import DatasetResults
from groupseg.report.roles import REFERENCE

# As good as with all images: within so much of mIoU.
_NEAR = 0.01


def learning_table(dataset: DatasetResults) -> Table:
    """Lists mIoU by strategy and number of calibration images: mean over draws, and the lowest and highest of them."""
    table = learning_spread(dataset)
    needs, sizes = needed(table), sorted(table.index.unique("images"))
    names = [name for name in dataset.ranking if name in needs]
    cells = {place: _cell(*figures) for place, *figures in table[["mean", "min", "max"]].itertuples(name=None)}
    means = table["mean"].unstack("images").loc[names, sizes]
    return Table(
        columns=["strategy", "needs", *map(str, sizes)],
        rows=[[f"`{name}`", str(needs[name]), *(cells.get((name, size), NOTHING) for size in sizes)] for name in names],
        caption="mIoU on the test images in percent by the number of calibration images: the mean over draws of "
        "calibration images, and in brackets the lowest and the highest. Needs: from so many images on a strategy is "
        "within a point of what it reaches with all. Colour: points against that.",
        tints=tints(means.sub(means[sizes[-1]], axis=0), 2),
    )


def learning_finding(dataset: DatasetResults) -> str:
    """Says how many images the singled out strategies need to come within a point of what they reach with all."""
    table = learning_spread(dataset)
    needs = needed(table)
    full = int(table.index.get_level_values("images").max())
    told = dict.fromkeys((REFERENCE, "cosine", dataset.best))
    known = [name for name in told if name in needs and name != dataset.baseline]
    parts = [f"{name} {needs[name]}" for name in known]
    most = max((name for name in needs if name not in known), key=lambda name: needs[name], default=None)
    if most is not None and needs[most] > max((needs[name] for name in known), default=0):
        parts.append(f"{most}, the hungriest of the others, {needs[most]}")
    if not parts:
        return "No strategy was fitted on fewer images."
    low, high = (float(table["mean"].xs(size, level="images").std(ddof=0)) for size in _ends(table))
    return (
        f"Images needed to come, on average, within a point of the mIoU with all {full}: {', '.join(parts)}. Between "
        f"strategies mIoU differs by {percent(low)} points (standard deviation) with the fewest images, "
        f"{percent(high)} with all."
    )


def learning_spread(dataset: DatasetResults) -> pd.DataFrame:
    """Mean, lowest and highest mIoU over draws by strategy and number of images, strategies as in params.yaml."""
    table = dataset.tables["learning"].dropna(subset=["miou"])
    figures = table.groupby(["strategy", "images"], sort=True)["miou"].agg(["mean", "min", "max", "count"])
    present = set(figures.index.get_level_values("strategy"))
    return figures.loc[[name for name in dataset.strategies if name in present]]


def needed(table: pd.DataFrame) -> dict[str, int]:
    """The fewest images from which on a strategy stays within a point of what it reaches with all."""
    needs = {}
    for name in dict.fromkeys(table.index.get_level_values("strategy")):
        mean = table.loc[name]["mean"]
        far = mean.index[mean < mean.iloc[-1] - _NEAR]
        near = mean.index[mean.index > far.max()] if len(far) else mean.index
        needs[name] = int(near.min())
    return needs


def _cell(mean: float, low: float, high: float) -> str:
    """Mean, lowest and highest of some draws."""
    ends = f"[{percent(low)}, {percent(high)}]"
    return percent(mean) if percent(low) == percent(high) else f"{percent(mean)} {ends}"


def _ends(table: pd.DataFrame) -> tuple[int, int]:
    sizes = table.index.get_level_values("images")
    return int(sizes.min()), int(sizes.max())
