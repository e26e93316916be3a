"""Per image and class the set of segments of highest expected IoU."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.natural import Natural
from groupseg.strategies.scores import Labels, ScoreName, Scores, checked_scores

# Equal probabilities are to score the same, whatever the order in which they were added up.
DECIMALS = 12


@dataclass(kw_only=True)
class RankSeg(Natural):
    """Best class where the segment is in the set of highest expected IoU of this image and class (RankIoU).

    Follows Dai & Li (2023, arXiv 2206.13086), with the expectation of the ratio replaced by the ratio of expectations
    (arXiv 2510.15362). If a pixel of segment i is of the class with probability p_i and the segment has a_i pixels,
    a set A of segments is worth

        (sum_A a_i p_i + g) / (truth + sum_A a_i - sum_A a_i p_i + g)

    Only segments whose best class this is can be in A, but `truth` is the sum of a_i p_i over all segments of the
    image: what other classes or the background have of the class counts as missed. The best set is always that of the
    most probable segments; `smoothing` tells its size. With g = 0, the rule without calibration, it holds at least
    one segment, so that each best class of a segment is found in the image. The larger g, the smaller the set; what
    is more probable than not is in it for any g. Calibrated is g, as a share of the pixels of the image; it may be
    negative.

    Probabilities come from the scores of all segments and classes by isotonic regression, weighted by labelled
    pixels, which is linear between its points.

    Args:
        rule: "rankseg".
        score: A key of `SCORES`.
        calibrated: Whether to calibrate g; else it is 0.

    Attributes:
        scores: [P], ascending, the points of the regression; those beyond take the probability of the last.
        probabilities: [P], in 0..1, ascending.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    PORTABLE: ClassVar[tuple[str, ...]] = ("scores", "probabilities", "threshold")

    rule: Literal["rankseg"] = "rankseg"
    score: ScoreName = "cosine"

    scores: list[float] = field(init=False, repr=False, compare=False)
    probabilities: list[float] = field(init=False, repr=False, compare=False)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds the probabilities, then g; see `Strategy`."""
        scores = checked_scores(self.score, table, vocabulary)
        pixels = table.histogram.toarray()
        points = isotonic_points(scores, pixels[:, 1:], pixels.sum(axis=1, keepdims=True))
        self.scores, self.probabilities = (values.tolist() for values in points)
        return super().fit(table, vocabulary)

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and how much smoothing it bears, [S] float64.

        A segment is in the best set as long as g is at most s / (1 - |s|) times the pixels of its image, where s in
        -1..1 is its score.
        """
        scores = checked_scores(self.score, table, vocabulary)
        label = scores.argmax(axis=1)
        probability = np.interp(scores, self.scores, self.probabilities)
        expected = table.area[:, None] * probability
        truth = np.zeros((len(table.keys), scores.shape[1]))
        np.add.at(truth, table.image, expected)
        own = probability[np.arange(len(label)), label]
        group = table.image.astype(np.int64) * scores.shape[1] + label
        borne = smoothing(own, table.area, group, truth[table.image, label])
        size = np.bincount(table.image, table.area, len(table.keys))[table.image]
        score = np.sign(borne)
        np.divide(borne, np.abs(borne) + size, out=score, where=np.isfinite(borne))
        return label.astype(np.int32) + 1, score.round(DECIMALS)


def smoothing(probability: Scores, area: NDArray[np.int64], group: NDArray[np.int64], truth: Scores) -> Scores:
    """Computes the highest g with which a segment is still in the best set.

    The set of highest worth r holds the segments with p > r (1 - p). Solved for g, that is
    (p (truth + sum a) - sum a p) / (1 - 2 p), with sums over the segments of the group that are at least as
    probable.

    Args:
        probability: [S] float64, of being of the best class.
        area: [S] int64, pixels.
        group: [S] int64, the same for segments of one image and best class.
        truth: [S] float64, expected pixels of the best class in the whole image.

    Returns:
        [S] float64, inf where the segment is in the set for every g, -inf where it has no chance to be right.
    """
    order = np.lexsort((-probability, group))
    start = np.searchsorted(group[order], group[order])

    def running(values: Scores) -> Scores:
        """Cumulative sum that starts anew with each group."""
        sums = np.cumsum(values[order])
        result = np.empty_like(sums)
        result[order] = sums - (sums - values[order])[start]
        return result

    hits, volume = running(area * probability), running(area.astype(np.float64))
    borne = np.full(len(order), np.inf)
    np.divide(probability * (truth + volume) - hits, 1 - 2 * probability, out=borne, where=probability < 0.5)
    return np.where(probability > 0, borne, -np.inf)


def isotonic_points(scores: Scores, pixels: NDArray[np.int64], labelled: NDArray[np.int64]) -> tuple[Scores, Scores]:
    """Fits the probability that a pixel is of a class, never falling with the score of the class.

    Args:
        scores: [S, C] float64.
        pixels: [S, C] int64, pixels of each class.
        labelled: [S, 1] int64, labelled pixels.

    Returns:
        Scores [P], ascending, and probabilities [P], in 0..1, at the ends of each level stretch; a single 0 where no
        pixel is labelled.
    """
    from scipy.optimize import isotonic_regression  # Nothing else here needs it, and it is slow to import.

    weight = np.broadcast_to(labelled, scores.shape)
    value, place = np.unique(scores[weight > 0], return_inverse=True)
    if not len(value):
        return np.zeros(1), np.zeros(1)
    total = np.bincount(place, weight[weight > 0])
    share = np.bincount(place, pixels[weight > 0]) / total
    fit = isotonic_regression(share, weights=total)
    ends = np.unique(np.concatenate([fit.blocks[:-1], fit.blocks[1:] - 1]))
    return value[ends], np.clip(fit.x[ends], 0, 1)
