"""What each class loses its points to."""

from matplotlib.figure import Figure

from groupseg.report.results import DatasetResults
from groupseg.report.style import BEST, COLOURS, DPI, INK, LINE, WORSE, styled
from groupseg.report.tables import percent

_PARTS = {
    "iou": ("IoU reached", BEST),
    "background": ("lost to the background decision", WORSE),
    "wrong_class": ("lost to wrong classes", COLOURS[1]),
    "masks": ("lost to the masks", LINE),
}
_TOTALS = {"background": "the background decision", "wrong_class": "wrong classes", "masks": "the masks"}


def losses_figure(dataset: DatasetResults) -> Figure:
    """Draws a bar of 100 points for each class that occurs: what is reached, and what the rest is lost to."""
    table = dataset.tables["losses"].dropna(subset=["iou"]).sort_values(["iou", "class"], ascending=[False, True])
    place = range(len(table))
    with styled():
        figure = Figure(figsize=(9.6, 0.142 * len(table) + 0.85), dpi=DPI, layout="constrained")
        axes = figure.subplots()
        left = 0 * table["iou"]
        for column, (name, colour) in _PARTS.items():
            axes.barh(place, 100 * table[column], left=100 * left, height=0.8, color=colour, label=name)
            left = left + table[column]
        axes.set_yticks(place, list(table["class"]), color=INK, size=7)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(table) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        axes.set_xlabel("points of IoU")
        axes.grid(visible=False, axis="y")
        figure.legend(loc="outside upper right", ncols=len(_PARTS))
    return figure


def losses_finding(dataset: DatasetResults) -> str:
    """Says what a class loses on average to what, and which confusion costs most."""
    table = dataset.tables["losses"].dropna(subset=["iou"])
    parts = [f"{percent(table[column].mean())} to {name}" for column, name in _TOTALS.items()]
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
