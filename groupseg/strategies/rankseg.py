"""Per image and class the set of segments of highest expected IoU."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels
from groupseg.metrics.confusion import entries
from groupseg.segments.blocks import Kept, blocks, by_blocks, keep
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import ScoreName, Scores, checked_scores
from groupseg.strategies.zero_threshold import ZeroThreshold

# Equal probabilities are to score the same, whatever the order in which they were added up.
DECIMALS = 12
# Pairs of a segment and a class that are sorted at once, and those whose scores say where to cut.
RANGE, SAMPLE = 2**21, 100_000


@dataclass(kw_only=True)
class RankSeg(ZeroThreshold):
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
        points = isotonic_points(table, lambda block: checked_scores(self.score, block, vocabulary))
        self.scores, self.probabilities = (values.tolist() for values in points)
        return super().fit(table, vocabulary)

    @by_blocks
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


class Points(NamedTuple):
    """Stretches of scores, ascending, and the pixels of all pairs of a segment and a class whose score lies there.

    Attributes:
        low: [P] float64, first score.
        high: [P] float64, last score.
        labelled: [P] float64, labelled pixels of the segments.
        right: [P] float64, pixels of the classes.
    """

    low: Scores
    high: Scores
    labelled: Scores
    right: Scores

    @classmethod
    def of(cls, score: Scores, labelled: Scores, right: Scores) -> Self:
        """Sorts pairs, [M] each; those of one score are one point."""
        value, place = np.unique(score, return_inverse=True)
        sums = [np.bincount(place, pixels, len(value)).astype(np.float64) for pixels in (labelled, right)]
        return cls(value, value, *sums)

    def pooled(self) -> Self:
        """Joins stretches until the share of right pixels rises from each to the next (isotonic regression)."""
        from scipy.optimize import isotonic_regression  # Nothing else here needs it, and it is slow to import.

        if not len(self.low):
            return self
        first = isotonic_regression(self.right / self.labelled, weights=self.labelled).blocks[:-1]
        last = np.append(first[1:], len(self.low)) - 1
        labelled, right = (np.add.reduceat(pixels, first) for pixels in (self.labelled, self.right))
        return type(self)(self.low[first], self.high[last], labelled, right)

    @classmethod
    def joined(cls, parts: "Sequence[Points]") -> Self:
        """Puts stretches one after the other."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def isotonic_points(table: SegmentTable, scores: Callable[[SegmentTable], Scores]) -> tuple[Scores, Scores]:
    """Fits the probability that a pixel is of a class, never falling with the score of the class.

    All pairs of a segment and a class would fill the memory. What pools within a range of scores pools among all scores
    too, so that ranges can be pooled one after the other, and then together.

    Args:
        table: The segments.
        scores: Computes the scores of a block, [s, C] float64.

    Returns:
        Scores [P], ascending, and probabilities [P], in 0..1, at the ends of each level stretch; a single 0 where no
        pixel is labelled.
    """
    with keep(_pairs(block, scores) for block in blocks(table)) as kept:
        pairs = len(table.image) * len(table.classes)
        sample = np.concatenate([score[:: pairs // SAMPLE + 1] for score, *_ in kept])
        inner = np.quantile(sample, np.arange(1, pairs // RANGE + 1) / (pairs // RANGE + 1)) if len(sample) else []
        ends = np.unique([-np.inf, *inner, np.inf])
        found = Points.joined([_within(low, high, kept).pooled() for low, high in pairwise(ends)]).pooled()
    if not len(found.low):
        return np.zeros(1), np.zeros(1)
    level = np.clip(found.right / found.labelled, 0, 1)
    score = np.stack([found.low, found.high], axis=1).ravel()
    kept_ends = np.stack([np.ones(len(level), dtype=bool), found.high > found.low], axis=1).ravel()
    return score[kept_ends], level.repeat(2)[kept_ends]


def _pairs(block: SegmentTable, scores: Callable[[SegmentTable], Scores]) -> list[NDArray[Any]]:
    """Lists scores and labelled pixels of all pairs that have any, [M] each, and of which pairs how many are right."""
    pixels = block.histogram.sum(axis=1)
    rows = np.flatnonzero(pixels)
    score = scores(block)[rows]
    segment, label, right = entries(block.histogram[rows])
    place = segment[label > 0] * score.shape[1] + label[label > 0] - 1
    return [score.ravel(), pixels[rows].astype(np.float64).repeat(score.shape[1]), place, right[label > 0]]


def _within(low: float, high: float, kept: Kept) -> Points:
    """Takes the pairs that score from low up to high, itself excluded."""

    def of_block(score: Scores, labelled: Scores, place: NDArray[np.int64], right: NDArray[np.int64]) -> Points:
        inside = (score >= low) & (score < high)
        return Points.of(
            score[inside], labelled[inside], np.bincount(place, right, len(score)).astype(np.float64)[inside]
        )

    whole = Points.joined([of_block(*arrays) for arrays in kept])
    return Points.of(whole.low, whole.labelled, whole.right)
