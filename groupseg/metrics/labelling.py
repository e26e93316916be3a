"""The labels that make the most of given masks. Uses the truth: a bound, never a strategy.

mIoU couples all segments, since each label has one IoU over all images, so that the best labelling is a search: one
segment at a time is given the label that makes mIoU highest, until no segment alone can gain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Floats, Labels
from groupseg.metrics.confusion import hits
from groupseg.segments.table import SegmentTable

Mask = NDArray[np.bool_]

# A move must gain more than rounding can.
_GAIN = 1e-12
# Segments weighed at once: all labels of all segments would fill the memory.
CHUNK = 2048


class Either:
    """A mask [S, C + 1] that allows each segment its labels in some labellings; what is not asked for is not made.

    Args:
        table: The segments.
        choices: [S] int32 in 0..C, each.
    """

    def __init__(self, table: SegmentTable, choices: Sequence[Labels]) -> None:
        self.shape = table.histogram.shape
        self._choices = choices

    def __getitem__(self, rows: slice) -> Mask:
        labels = np.stack([choice[rows] for choice in self._choices], axis=1)
        mask = np.zeros((len(labels), self.shape[1]), dtype=bool)
        np.put_along_axis(mask, labels.astype(np.int64), True, axis=1)
        return mask


def best_labelling(table: SegmentTable, allowed: Mask | Either, start: ArrayLike) -> Labels:
    """Searches the labelling of highest mIoU.

    Besides the start it sets out from the commonest allowed label of each segment, and returns the better end.

    Args:
        table: The segments.
        allowed: [S, C + 1] bool, the labels that each segment may have; a mask, or `Either`.
        start: [S] int, allowed labels.

    Returns:
        [S] int32, allowed labels. No other allowed label of any one segment has a higher mIoU, nor has `start`.

    Raises:
        ValueError: If `allowed` has another shape, or a label of `start` is not allowed.
    """
    given, pixels = np.asarray(start).astype(np.int32), table.histogram
    fits = allowed.shape == pixels.shape and given.shape == pixels.shape[:1]
    if not fits or not all(_chosen(allowed[rows], given[rows]).all() for rows in _chunks(len(given))):
        raise ValueError(f"Expected `allowed` of shape {pixels.shape}, and every label of `start` to be allowed.")
    commonest = [np.where(allowed[rows], _dense(pixels, rows), -1).argmax(axis=1) for rows in _chunks(len(given))]
    ends = [_ascend(pixels, allowed, labels) for labels in (given, np.concatenate(commonest).astype(np.int32))]
    return max(ends, key=lambda labels: _Sums.of(pixels, labels).miou())


def _chunks(count: int) -> Iterator[slice]:
    """Cuts `count` segments into slices; one at least."""
    for first in range(0, max(count, 1), CHUNK):
        yield slice(first, min(first + CHUNK, count))


def _chosen(values: NDArray[Any], labels: Labels) -> NDArray[Any]:
    """Takes the value of its label from each row of values [R, C + 1]: [R]."""
    return np.take_along_axis(values, labels[:, None].astype(np.int64), axis=1)[:, 0]


def _dense(pixels: csr_array, rows: slice) -> Floats:
    """Pixels [R, C + 1] of some rows; much faster than what scipy does, where it is one row."""
    ends = pixels.indptr[rows.start : rows.stop + 1]
    held = slice(ends[0], ends[-1])
    dense = np.zeros((len(ends) - 1, pixels.shape[1]))
    dense[np.repeat(np.arange(len(dense)), np.diff(ends)), pixels.indices[held]] = pixels.data[held]
    return dense


@dataclass
class _Sums:
    """Pixels of each label [C + 1] under a labelling: right ones, and those in truth or prediction."""

    tp: Floats
    union: Floats

    @classmethod
    def of(cls, pixels: csr_array, labels: Labels) -> "_Sums":
        """Counts a labelling."""
        count = pixels.shape[1]
        tp = np.bincount(labels, weights=hits(pixels, labels), minlength=count).astype(np.float64)
        predicted = np.bincount(labels, weights=pixels.sum(axis=1), minlength=count)
        return cls(tp, pixels.sum(axis=0) + predicted - tp)

    def miou(self) -> float:
        """The mean over the labels that occur."""
        return float(_ratio(self.tp, self.union).sum() / max(np.count_nonzero(self.union), 1))

    def if_moved(self, pixels: Floats, labels: Labels) -> Floats:
        """MIoU if one of R segments alone had another label.

        Args:
            pixels: [R, C + 1], pixels of each true label under the segments.
            labels: [R], their labels.

        Returns:
            [R, C + 1] float64, for each new label; what is said of the present label is of no use.
        """
        hit = _chosen(pixels, labels)
        size = pixels.sum(axis=1)
        now = _ratio(self.tp, self.union)
        rest = self.union[labels] - (size - hit)
        left = _ratio(self.tp[labels] - hit, rest) - now[labels]
        gone = (rest == 0) & (self.union[labels] > 0)

        union = self.union + (size[:, None] - pixels)
        moved = _ratio(self.tp + pixels, union)
        moved += (now.sum() + left)[:, None] - now
        occurring = np.count_nonzero(self.union) - gone[:, None] + ((self.union == 0) & (union > 0))
        return np.asarray(moved / np.maximum(occurring, 1))

    def move(self, pixels: Floats, old: int, new: int) -> None:
        """Moves a segment of pixels [C + 1] from one label to another."""
        size = pixels.sum()
        self.tp[old] -= pixels[old]
        self.union[old] -= size - pixels[old]
        self.tp[new] += pixels[new]
        self.union[new] += size - pixels[new]


def _ascend(pixels: csr_array, allowed: Mask | Either, start: Labels) -> Labels:
    """Moves single segments, those that gain most first, until none can gain."""
    labels = start.copy()
    sums = _Sums.of(pixels, labels)
    while True:
        gain = np.concatenate(
            [_best_move(sums, _dense(pixels, rows), allowed[rows], labels[rows])[1] for rows in _chunks(len(labels))]
        )
        order = np.argsort(-gain, kind="stable")
        order = order[: np.count_nonzero(gain > _GAIN)]
        if not order.size:
            return labels
        for row in order:
            # Those before it may have taken what it would have gained.
            one = slice(row, row + 1)
            own = _dense(pixels, one)
            (label,), (gained,) = _best_move(sums, own, allowed[one], labels[one])
            if gained > _GAIN:
                sums.move(own[0], labels[row], label)
                labels[row] = label


def _best_move(sums: _Sums, pixels: Floats, allowed: Mask, labels: Labels) -> tuple[Labels, Floats]:
    """The best other label of each segment, and what mIoU gains by it; below 0 where none is allowed."""
    miou = sums.if_moved(pixels, labels)
    miou[~allowed] = -1
    np.put_along_axis(miou, labels[:, None], -1, axis=1)
    best = miou.argmax(axis=1)
    return best.astype(np.int32), miou[np.arange(len(best)), best] - sums.miou()


def _ratio(part: Floats, whole: Floats) -> Floats:
    """IoU, 0 where nothing occurs."""
    return np.asarray(part / np.maximum(whole, 1))
