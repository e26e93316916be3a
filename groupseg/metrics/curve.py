"""mIoU at every threshold at once.

A segment is called its best class where its score reaches the threshold, else background. Lower the threshold
past one segment and the IoU of one class changes, besides that of the background, which depends on two sums
alone. So a sort and a few cumulative sums give the mIoU of every threshold there is: exact, because only the
scores that occur are breakpoints.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Floats, Integers
from groupseg.metrics.confusion import hits

# How far the thresholds that call everything or nothing background lie beyond all scores. Any value would do.
MARGIN = 1e-3


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
        return float(midpoints(self.thresholds)[index]), float(self.miou[index])

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
    order = np.lexsort((-score, label))
    background = hits(histogram, np.zeros_like(label))
    pixels = histogram.sum(axis=1)
    truth = histogram.sum(axis=0)
    start = np.searchsorted(label[order], label[order])

    def running(values: Integers) -> Integers:
        """Cumulative sum that starts anew with each class."""
        sums = np.cumsum(values[order])
        return sums - (sums - values[order])[start]

    tp, predicted, lost = running(hits(histogram, label)), running(pixels), running(background)
    union = truth[label[order]] + predicted - tp
    return Steps(
        label=label[order],
        score=score[order],
        first=start == np.arange(len(order)),
        iou=tp / np.maximum(union, 1),
        occurs=union > 0,
        lost=lost,
        taken=predicted - lost,
        truth=truth,
    )


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
    steps = class_steps(label, score, histogram)
    order = np.argsort(-steps.score, kind="stable")
    scores = steps.score[order]
    last = np.flatnonzero(np.diff(scores, append=-np.inf))  # of each run of equal scores

    def summed(running: ArrayLike, initial: ArrayLike = 0) -> Floats:
        """Adds up the classes at each point; `initial` is what a class counts while it has no segment."""
        before = np.where(steps.first, initial, np.roll(running, 1))
        sums = np.cumsum((np.asarray(running, dtype=np.float64) - before)[order])
        return np.append(0, sums[last])

    present = steps.truth[1:] > 0
    occurs = np.count_nonzero(present) + summed(steps.occurs, initial=steps.truth[steps.label] > 0)
    background = background_iou(steps.truth, summed(steps.lost), summed(steps.taken))
    occurs += ~np.isnan(background)
    if held:
        occurs = np.full(occurs.shape, np.count_nonzero(steps.truth))
    total = summed(steps.iou) + np.nan_to_num(background)
    return Curve(
        thresholds=np.append(scores.max(initial=0) + MARGIN, scores[last]),
        miou=np.divide(total, occurs, out=np.full(total.shape, np.nan), where=occurs > 0),
        background_iou=background,
    )


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
