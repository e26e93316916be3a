"""mIoU at every threshold at once.

A segment is called its best class where its score reaches the threshold, else background. Lower the threshold
past one segment and the IoU of one class changes, besides that of the background, which depends on two sums
alone. So a sort and a few cumulative sums give the mIoU of every threshold there is: exact, because only the
scores that occur are breakpoints.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Floats, Integers
from groupseg.metrics.confusion import hits
from groupseg.segments.blocks import Whole

# How far the thresholds that call everything or nothing background lie beyond all scores. Any value would do.
MARGIN = 1e-3
# Segments whose steps are worked out at once.
_RANGE = 2**17


@dataclass(frozen=True, eq=False)
class Curve:
    """The mIoU of each distinct threshold, from "everything is background" down to "nothing is".

    Attributes:
        thresholds: [T] float64, descending: one above all scores, then each distinct score.
        miou: [T] float64 in 0..1, of "best class where score >= threshold, else background".
        background_iou: [T] float64 in 0..1, NaN where there is no background in truth or prediction.
    """

    thresholds: Floats
    miou: Floats
    background_iou: Floats

    def best(self) -> tuple[float, float]:
        """Returns the threshold of highest mIoU (of equals, the highest threshold) and that mIoU.

        The threshold is moved half-way down to the next score: the same labels here, and room for scores not
        seen here.
        """
        index = int(np.argmax(self.miou))
        return float(midpoints(self.thresholds[index : index + 2])[0]), float(self.miou[index])

    def thin(self, points: int = 100) -> "Curve":
        """Keeps at most `points` points, evenly spread, the first, the last and the best among them."""
        if len(self.miou) <= points:
            return self
        spread = np.linspace(0, len(self.miou) - 1, points - 1).round().astype(np.int64)
        kept = np.unique(np.append(spread, np.argmax(self.miou)))
        return Curve(self.thresholds[kept], self.miou[kept], self.background_iou[kept])


@dataclass(frozen=True, eq=False)
class Steps:
    """What each class counts while its segments become foreground one by one, the highest score first.

    Row i is about class `label[i]` once this segment and those above it in the class are foreground. The IoU
    of the background is (truth[0] - lost) / (truth.sum() - taken), where `lost` and `taken` are summed over
    the classes.

    Attributes:
        label: [S] int64 in 1..C, ascending.
        score: [S] float64, descending within a class.
        first: [S] bool, whether the segment is the first of its class.
        iou: [S] float64, IoU of the class; 0 where its union is empty.
        occurs: [S] bool, whether the union of the class is not empty, so that it is part of the mean.
        lost: [S] int64, background pixels that the class has.
        taken: [S] int64, pixels of any class but the background that the class has.
        truth: [C + 1] int64, true pixels of each label.
    """

    label: Integers
    score: Floats
    first: NDArray[np.bool_]
    iou: Floats
    occurs: NDArray[np.bool_]
    lost: Integers
    taken: Integers
    truth: Integers


def class_steps(label: ArrayLike, score: ArrayLike, histogram: csr_array) -> Steps:
    """Lines up the segments of each class by falling score and counts along.

    Args:
        label: [S] int, best class of each segment, in 1..C.
        score: [S] float, its score, finite.
        histogram: [S, C + 1] int64, pixels of each true label under each segment.
    """
    label, score = np.asarray(label, dtype=np.int64), np.asarray(score, dtype=np.float64)
    return _steps(label, score, _tallies(label, histogram), histogram.sum(axis=0), np.zeros((3, 1), dtype=np.int64))


def _tallies(label: Integers, histogram: csr_array) -> Integers:
    """Right pixels, labelled pixels, and pixels of the background of each segment: [3, S] int64."""
    return np.stack([hits(histogram, label), histogram.sum(axis=1), hits(histogram, np.zeros_like(label))])


def _steps(label: Integers, score: Floats, tallies: Integers, truth: Integers, counted: Integers) -> Steps:
    """Lines up segments [S] with `tallies` [3, S], where their classes have counted so much before, [3, C + 1] or 0."""
    order = np.lexsort((-score, label))
    own = label[order]
    start = np.searchsorted(own, own)
    sums = np.cumsum(tallies[:, order], axis=1)
    before = (sums - tallies[:, order])[:, start] - np.broadcast_to(counted, (3, len(truth)))[:, own]
    iou, occurs, lost, taken = _counts(truth[own], *(sums - before))
    return Steps(
        label=own, score=score[order], first=start == np.arange(len(order)), iou=iou, occurs=occurs, lost=lost,
        taken=taken, truth=truth,
    )  # fmt: skip


def _counts(
    truth: Integers, tp: Integers, predicted: Integers, lost: Integers
) -> tuple[Floats, NDArray[np.bool_], Integers, Integers]:
    """What `Steps` holds of classes with so many pixels: `iou`, `occurs`, `lost` and `taken`."""
    union = truth + predicted - tp
    return tp / np.maximum(union, 1), union > 0, lost, predicted - lost


def threshold_curve(label: ArrayLike, score: ArrayLike, histogram: csr_array, held: bool = False) -> Curve:
    """Computes the mIoU of every threshold.

    A class without true pixels joins the mean as soon as a pixel is predicted as it; so does the background.

    Args:
        label: [S] int, best class of each segment, in 1..C.
        score: [S] float, its score, finite.
        histogram: [S, C + 1] int64, pixels of each true label under each segment.
        held: Whether the mean is held to the labels that have true pixels, whatever is predicted.

    Returns:
        A curve with one point more than there are distinct scores; NaN where no pixel is labelled.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> rule = groupseg.Threshold(score="softmax")
        >>> curve = groupseg.threshold_curve(*rule.candidates(scored.table, scored.vocabulary), scored.table.histogram)
        >>> curve.thresholds.round(3)
        array([0.901, 0.9  , 0.8  , 0.55 ])
        >>> curve.miou.round(3)
        array([0.083, 0.667, 1.   , 0.556])
    """
    label, score = np.asarray(label, dtype=np.int64), np.asarray(score, dtype=np.float64)
    truth = histogram.sum(axis=0)
    with ExitStack() as files:
        columns = [Whole(files) for _ in range(3)]
        for thresholds, sums in _points(label, score, histogram, truth):
            for column, part in zip(columns, (thresholds, *_means(truth, sums, held)), strict=True):
                column.add(part)
        return Curve(*(column.array() for column in columns))


def _points(label: Integers, score: Floats, histogram: csr_array, truth: Integers) -> Iterator[tuple[Floats, Floats]]:
    """Yields thresholds [P], descending, and what all classes together count there, see `_counts`: [4, P].

    The first is above all scores. Then scores are worked through in ranges, the highest first: all steps at once would
    want twenty times the memory of the scores.
    """
    counted = np.zeros((3, len(truth)), dtype=np.int64)
    total = np.array([0.0, np.count_nonzero(truth[1:]), 0, 0])
    yield np.array([score.max(initial=0) + MARGIN]), total[:, None]
    for rows in _ranges(score):
        tallies = _tallies(label[rows], histogram[rows])
        steps = _steps(label[rows], score[rows], tallies, truth, counted)
        now = np.stack([steps.iou, steps.occurs, steps.lost, steps.taken]).astype(np.float64)
        at_first = np.stack(_counts(truth, *counted)).astype(np.float64)[:, steps.label]
        gain = now - np.where(steps.first, at_first, np.roll(now, 1, axis=1))
        order = np.argsort(-steps.score, kind="stable")
        sums = np.cumsum(np.concatenate([total[:, None], gain[:, order]], axis=1), axis=1)
        last = np.flatnonzero(np.diff(steps.score[order], append=-np.inf))  # of each run of equal scores
        yield steps.score[order][last], sums[:, last + 1]
        total = sums[:, -1]
        counted += _sums_by_class(label[rows], tallies, len(truth))


def _ranges(score: Floats) -> Iterator[Integers]:
    """Yields the rows of about `_RANGE` segments at a time, those of the highest scores first, equal ones together."""
    parts = len(score) // _RANGE + 1
    inner = np.quantile(score[::parts], np.arange(1, parts) / parts) if parts > 1 else np.zeros(0)
    ends = [-np.inf, *np.unique(inner).tolist(), np.inf]
    for low, high in reversed(list(pairwise(ends))):
        rows = np.flatnonzero((score >= low) & (score < high))
        if len(rows):
            yield rows


def _sums_by_class(label: Integers, tallies: Integers, labels: int) -> Integers:
    """Adds up [3, S] by label: [3, C + 1] int64."""
    return np.stack([np.bincount(label, row, labels) for row in tallies]).astype(np.int64)


def _means(truth: Integers, sums: Floats, held: bool) -> tuple[Floats, Floats]:
    """MIoU and IoU of the background, [P] each, from what classes count [4, P]; see `threshold_curve`."""
    iou, occurs, lost, taken = sums
    background = background_iou(truth, lost, taken)
    labels = np.full(occurs.shape, np.count_nonzero(truth)) if held else occurs + ~np.isnan(background)
    total = iou + np.nan_to_num(background)
    return np.divide(total, labels, out=np.full(total.shape, np.nan), where=labels > 0), background


def background_iou(truth: Integers, lost: NDArray[Any], taken: NDArray[Any]) -> Floats:
    """IoU of the background when classes have `lost` of its pixels and `taken` others.

    Args:
        truth: [C + 1] int64, true pixels of each label.
        lost: [...] number, background pixels predicted as some class.
        taken: [...] number, pixels that are not background and predicted as some class.

    Returns:
        [...] float64 in 0..1; NaN where there is no background, in truth or prediction.
    """
    union = truth.sum() - taken
    values: Floats = np.full(np.shape(union), np.nan)
    np.divide(truth[0] - lost, union, out=values, where=union > 0)
    return values


def midpoints(thresholds: Floats) -> Floats:
    """Moves each of [T] descending thresholds half-way down to the next, and the last a little down."""
    lower = np.append(thresholds[1:], thresholds[-1] - MARGIN * np.abs(thresholds[-1]))
    middle = (thresholds + lower) / 2
    # Between neighbouring floats there is no middle; the lower one would let the next score in.
    return np.where(middle > lower, middle, thresholds)
