"""What is shown of each data set besides its strategies and pictures: findings, each with a figure or tables."""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from groupseg.report.classes import classes_table, confusions_table, losses_finding
from groupseg.report.curves import curve_figure, curve_finding
from groupseg.report.finding import class_finding
from groupseg.report.ladder import ladder_finding, ladder_table
from groupseg.report.learning import learning_finding, learning_table
from groupseg.report.page_table import Table
from groupseg.report.pairs import pairs_figure, pairs_finding
from groupseg.report.reliability import reliability_figure, reliability_finding
from groupseg.report.results import DatasetResults
from groupseg.report.vocabulary import vocabulary_figure, vocabulary_finding


@dataclass(frozen=True)
class Exhibit:
    """A finding in words, and what shows it.

    Attributes:
        name: Its figure is figures/<name>_<data set>.svg.
        title: Heading.
        finding: Says in words what the data show.
        tables: Make its tables.
        draw: Draws its figure; none where tables say it all.
        alt: What the figure shows, for those who cannot see it; the finding stands beside it.
        caption: How to read the figure.
        needs: Kind of the table without whose rows there is nothing to show; empty where there always is.
    """

    name: str
    title: str
    finding: Callable[[DatasetResults], str]
    tables: tuple[Callable[[DatasetResults], Table], ...] = ()
    draw: Callable[[DatasetResults], Figure] | None = None
    alt: str = ""
    caption: str = ""
    needs: str = ""


def _classes_finding(dataset: DatasetResults) -> str:
    return f"{class_finding(dataset)} {losses_finding(dataset)}"


_EXHIBITS = (
    Exhibit("ladder", "Where the points go", ladder_finding, (ladder_table,)),
    Exhibit(
        "pairs",
        "Who beats whom",
        pairs_finding,
        draw=pairs_figure,
        alt="The matrix of differences of all strategies, the highest mIoU first",
        caption="mIoU of the row minus that of the column, on the same resamples of the test images. A dot: more than "
        "chance, at 5 % for all pairs together. Colours end where nine tenths of the differences lie.",
        needs="pairs",
    ),
    Exhibit(
        "curve",
        "Every threshold",
        curve_finding,
        draw=curve_figure,
        alt="mIoU on the test images against the threshold of each score",
        caption="A mark is a strategy at the threshold it was given or has found on the calibration images; it may "
        "lie off the line where its rule does more than cut. A dashed line is a strategy with several thresholds.",
        needs="curves",
    ),
    Exhibit("classes", "Classes", _classes_finding, (classes_table, confusions_table), needs="losses"),
    Exhibit("learning", "How many calibration images it takes", learning_finding, (learning_table,), needs="learning"),
    Exhibit(
        "reliability",
        "Whether scores can be read as probabilities",
        reliability_finding,
        draw=reliability_figure,
        alt="Share of right pixels against the score, with a diagonal where both agree",
        caption="Each dot is a bin of scores and says how many of its pixels are right; above the diagonal the score "
        "is too low, below it too high. Bars: how many of all pixels are in the bin, as does the size of the dot.",
        needs="reliability",
    ),
    Exhibit(
        "vocabulary",
        "What a longer class list does",
        vocabulary_finding,
        draw=vocabulary_figure,
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
    """Lists what a data set has something to show for."""
    return [exhibit for exhibit in _EXHIBITS if not exhibit.needs or not dataset.tables[exhibit.needs].empty]
