"""What is shown of each data set besides its table and pictures: figures, each with its finding in words."""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from groupseg.report.charts import per_class_figure
from groupseg.report.curves import curve_figure, curve_finding
from groupseg.report.finding import class_finding
from groupseg.report.ladder import ladder_figure, ladder_finding
from groupseg.report.learning import learning_figure, learning_finding
from groupseg.report.losses import losses_figure, losses_finding
from groupseg.report.pairs import pairs_figure, pairs_finding
from groupseg.report.reliability import reliability_figure, reliability_finding
from groupseg.report.results import DatasetResults
from groupseg.report.vocabulary import vocabulary_figure, vocabulary_finding


@dataclass(frozen=True)
class Exhibit:
    """A figure and what is said about it.

    Attributes:
        name: The file is figures/<name>_<data set>.svg.
        title: Heading.
        draw: Draws the figure.
        finding: Says in words what the data show.
        alt: What the figure shows, for those who cannot see it; the finding stands beside it.
        caption: How to read it.
        needs: Kind of the table without whose rows there is nothing to show; empty where there always is.
    """

    name: str
    title: str
    draw: Callable[[DatasetResults], Figure]
    finding: Callable[[DatasetResults], str]
    alt: str
    caption: str
    needs: str = ""


_EXHIBITS = (
    Exhibit(
        name="ladder",
        title="Where the points go",
        draw=ladder_figure,
        finding=ladder_finding,
        alt="Waterfall of mIoU from a constant threshold up to perfect masks; all values stand beside the bars",
        caption="Each step puts one more thing right, with the same masks; the steps add up to 100. Fixed: a constant. "
        "Global: one threshold from the calibration images on the same score. Best score: the same on another score. "
        "Best calibrated: another rule. From here on with the ground truth: which segments are background; which "
        "classes are in the image; the label that overlaps each segment best; the labels that are best for mIoU; masks "
        "that fit. Black lines are 95 % intervals of the steps.",
    ),
    Exhibit(
        name="pairs",
        title="Who beats whom",
        draw=pairs_figure,
        finding=pairs_finding,
        alt="All strategies by falling mIoU with intervals, and the matrix of their differences",
        caption="Left: mIoU with 95 % intervals, each by itself; the solid line is the constant. Right: mIoU of the "
        "row minus that of the column, on the same resamples of the test images. A dot: more than chance, at 5 % for "
        "all pairs together. Colours end where nine tenths of the differences lie.",
        needs="pairs",
    ),
    Exhibit(
        name="curve",
        title="Every threshold",
        draw=curve_figure,
        finding=curve_finding,
        alt="mIoU on the test images against the threshold of each score",
        caption="A mark is a strategy at the threshold it was given or has found on the calibration images; it may "
        "lie off the line where its rule does more than cut. A dashed line is a strategy with several thresholds.",
        needs="curves",
    ),
    Exhibit(
        name="per_class",
        title="Classes",
        draw=per_class_figure,
        finding=class_finding,
        alt="IoU of each class under the baseline, the best strategy and the label oracle",
        caption="IoU of each class that occurs, sorted by the best strategy: label oracle, best strategy and baseline.",
    ),
    Exhibit(
        name="losses",
        title="What a class loses its points to",
        draw=losses_figure,
        finding=losses_finding,
        alt="Bars of 100 points for each class: IoU reached, and what the rest is lost to",
        caption="Under the best strategy. Lost to the masks is what the best labelling of the same masks lacks too.",
        needs="losses",
    ),
    Exhibit(
        name="learning",
        title="How many calibration images it takes",
        draw=learning_figure,
        finding=learning_finding,
        alt="A small panel for each strategy: mIoU on the test images against the number of calibration images",
        caption="Mean over draws of calibration images, and the band from the lowest to the highest draw; the dotted "
        "line is what is reached with all images. Thin, for comparison: the strategies with a mark in the table.",
        needs="learning",
    ),
    Exhibit(
        name="reliability",
        title="Whether scores can be read as probabilities",
        draw=reliability_figure,
        finding=reliability_finding,
        alt="Share of right pixels against the score, with a diagonal where both agree",
        caption="Each dot is a bin of scores and says how many of its pixels are right; above the diagonal the score "
        "is too low, below it too high. Bars: how many of all pixels are in the bin, as does the size of the dot.",
        needs="reliability",
    ),
    Exhibit(
        name="vocabulary",
        title="What a longer class list does",
        draw=vocabulary_figure,
        finding=vocabulary_finding,
        alt="Median score, best threshold and mIoU against the number of names in the vocabulary",
        caption="The same pixels count for all lists of a row. Upper row: a few classes are labelled, and names of "
        "other classes of the data set join. Lower row: all classes are labelled, and names join that nothing is "
        "labelled with. Scores and thresholds are divided by their own for all classes, since each has another unit. "
        "Means over draws; vertical lines go from the lowest to the highest draw. Dashed: the threshold for all "
        "classes is kept.",
        needs="vocabulary",
    ),
)


def exhibits(dataset: DatasetResults) -> list[Exhibit]:
    """Lists the figures that a data set has something to show for."""
    return [exhibit for exhibit in _EXHIBITS if not exhibit.needs or not dataset.tables[exhibit.needs].empty]
