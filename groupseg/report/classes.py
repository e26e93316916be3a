"""What each class reaches, and what it loses its points to."""

from groupseg.report.numbers import percent
from groupseg.report.page_table import Table, tints
from groupseg.report.results import DatasetResults
from groupseg.report.roles import LABEL_ORACLE

_LOSSES = {"background": "the background decision", "wrong_class": "wrong classes", "masks": "the masks"}
# Of the costliest confusions, how many the table shows; all lie in confusions/.
_CONFUSIONS = 10


def classes_table(dataset: DatasetResults) -> Table:
    """Lists the classes that occur by falling IoU under the best strategy: what they reach, and what they lose."""
    shown = list(dict.fromkeys([dataset.baseline, dataset.best, LABEL_ORACLE]))
    table = dataset.tables["per_class"].dropna(subset=[LABEL_ORACLE])
    table = table.sort_values([dataset.best, "class"], ascending=[False, True])
    lost = dataset.tables["losses"].set_index("class").loc[table["class"], list(_LOSSES)].to_numpy()
    reached = table[["pixel_share", *shown]].to_numpy()
    columns = ["class", "pixels", *(f"`{name}`" for name in shown[:-1]), "label oracle"]
    return Table(
        columns=[*columns, *(f"lost to {name}" for name in _LOSSES.values())],
        rows=[
            [name, *map(percent, [*own, *gone])] for name, own, gone in zip(table["class"], reached, lost, strict=True)
        ],
        caption="In percent: the share of the labelled pixels, IoU, and what the best strategy loses of 100 points; "
        "lost to the masks is what the best labelling of the same masks lacks too.",
        sorted=columns.index(f"`{dataset.best}`"),
        tints=tints(-lost, len(columns)),
    )


def confusions_table(dataset: DatasetResults) -> Table:
    """Lists the costliest confusions of the best strategy."""
    table = dataset.tables["confusions"].head(_CONFUSIONS)[["truth", "predicted", "share_of_truth", "miou_gain"]]
    return Table(
        columns=["is", "is called", "share, %", "costs"],
        rows=[
            [truth, predicted, percent(share), percent(gain, 2)]
            for truth, predicted, share, gain in table.itertuples(index=False, name=None)
        ],
        caption=f"The costliest confusions of {dataset.best}: the share of the true label's pixels that it takes, and "
        "what mIoU would gain if exactly these pixels were right, in points.",
        words=2,
        sorted=3,
    )


def losses_finding(dataset: DatasetResults) -> str:
    """Says what a class loses on average to what, and which confusion costs most."""
    table = dataset.tables["losses"].dropna(subset=["iou"])
    parts = [f"{percent(table[column].mean())} to {name}" for column, name in _LOSSES.items()]
    text = f"A class loses, on average, {', '.join(parts[:-1])} and {parts[-1]} of 100 points."
    confusions = dataset.tables["confusions"]
    if confusions.empty:
        return text
    worst = confusions.iloc[0]
    share, gain = percent(worst["share_of_truth"], 0), percent(worst["miou_gain"], 2)
    return (
        f"{text} The costliest confusion: {share} % of the pixels of {worst['truth']} are called {worst['predicted']}; "
        f"if they were right, mIoU would be {gain} points higher."
    )
