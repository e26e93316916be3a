"""What each class loses its points to."""

from matplotlib.figure import Figure

from groupseg.report.results import DatasetResults
from groupseg.report.style import BEST, COLOURS, LINE, WIDTH, WORSE, name_rows, set_margins, styled
from groupseg.report.tables import percent

_PARTS = {
    "iou": ("IoU reached", BEST),
    "background": ("lost to the background decision", WORSE),
    "wrong_class": ("lost to wrong classes", COLOURS[1]),
    "masks": ("lost to the masks", LINE),
}
# Height of a bar and the space to the next one, in inches.
_ROW = 0.142
_TOTALS = {"background": "the background decision", "wrong_class": "wrong classes", "masks": "the masks"}


@styled
def losses_figure(dataset: DatasetResults) -> Figure:
    """Draws a bar of 100 points for each class that occurs: what is reached, and what the rest is lost to."""
    table = dataset.tables["losses"].dropna(subset=["iou"]).sort_values(["iou", "class"], ascending=[False, True])
    names, place = list(table["class"]), range(len(table))
    figure = Figure(figsize=(WIDTH, _ROW * len(table) + 0.85))
    axes = figure.subplots()
    set_margins(figure, left=0.2 + 0.065 * max(map(len, names)), bottom=0.45, top=0.4)
    left = 0 * table["iou"]
    for column, (name, colour) in _PARTS.items():
        end = left + table[column]
        # Hundreds of bars are drawn faster as lines than as rectangles.
        axes.hlines(place, 100 * left, 100 * end, colour, linewidth=0.8 * 72 * _ROW, label=name)
        left = end
    name_rows(axes, names, size=7)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("points of IoU")
    figure.legend(loc="upper right", ncols=len(_PARTS))
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
