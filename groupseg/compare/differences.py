"""Differences in mIoU between two revisions, paired over images.

Both sides are judged on the same resamples of the images (groupseg.metrics.bootstrap), so that how hard the images are
cancels out. Several strategies are compared at once: their p-values are corrected within each data set by the method of
Holm (1979), so that the chance of calling any difference real that is none stays below `ALPHA`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from groupseg.compare.revisions import DatasetCounts, Place, Revision
from groupseg.metrics.bootstrap import bootstrap_miou, interval, resample_weights
from groupseg.metrics.confusion import Counts
from groupseg.metrics.iou import mean_iou
from groupseg.metrics.pairs import compare_pairs
from groupseg.report.results import ORACLE

ALPHA = 0.05
SEED = 0


@dataclass(frozen=True)
class Row:
    """One strategy, or the label oracle, on one data set.

    Attributes:
        strategy: Its name.
        a: mIoU in A, in 0..1.
        b: mIoU in B.
        difference: b - a.
        low: Lower end of the 95 % percentile interval of the difference, for this row by itself.
        high: Its upper end.
        p: p-value of "no difference", corrected for the rows of the data set.
        significant: Whether p is at most `ALPHA`.
    """

    strategy: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    significant: bool


@dataclass(frozen=True)
class DatasetComparison:
    """One data set that both sides have.

    Attributes:
        name: Its name.
        images: How many images both sides have.
        reason: Why the sides cannot be compared; None where they can.
        rows: The strategies that both sides have, by name, the label oracle last; none where there is a `reason`.
        only_a: Strategies that only A has.
        only_b: Strategies that only B has.
    """

    name: str
    images: int
    reason: str | None
    rows: tuple[Row, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Two revisions against each other.

    Attributes:
        a: Where A was read.
        b: Where B was read.
        resamples: Number of resamples of the images.
        alpha: What p is held against; intervals leave out this share.
        correction: How p is corrected.
        datasets: The data sets that both sides have, by name.
        only_a: Data sets that only A has.
        only_b: Data sets that only B has.
    """

    a: Place
    b: Place
    resamples: int
    alpha: float
    correction: str
    datasets: tuple[DatasetComparison, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def compare_revisions(a: Revision, b: Revision, resamples: int) -> Comparison:
    """Compares all that two revisions share.

    Args:
        a: The side that is subtracted.
        b: The other side.
        resamples: Number of resamples of the images, at least 1. No corrected p is below the number of strategies over
            `resamples` + 1.
    """
    datasets = tuple(_compare_dataset(name, a.datasets[name], b.datasets[name], resamples) for name in a.datasets)
    return Comparison(
        a.place, b.place, resamples, ALPHA, "Holm", datasets, _without(a.names, b.names), _without(b.names, a.names)
    )


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corrects p-values for their number (Holm 1979).

    Args:
        p: [n] float64 in 0..1.

    Returns:
        [n] float64 in 0..1: the k-th smallest (k from 0) times n - k, and never less than one before it.
    """
    order = np.argsort(p)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected


def _compare_dataset(name: str, a: DatasetCounts, b: DatasetCounts, resamples: int) -> DatasetComparison:
    a, b = _sorted(a), _sorted(b)
    reason = _difference_in_data(a, b)
    return DatasetComparison(
        name=name,
        images=len(set(a.keys) & set(b.keys)),
        reason=reason,
        rows=() if reason else _rows(a, b, resamples),
        only_a=_without(tuple(a.counts), tuple(b.counts)),
        only_b=_without(tuple(b.counts), tuple(a.counts)),
    )


def _sorted(data: DatasetCounts) -> DatasetCounts:
    """Puts images and classes in the order of their names, so that both sides are in the same."""
    rows, columns = (sorted(range(len(names)), key=names.__getitem__) for names in (data.keys, data.classes))
    index = np.ix_(rows, [0, *(1 + column for column in columns)])
    return DatasetCounts(
        counts={
            name: Counts(count.tp[index], count.predicted[index], count.truth[index])
            for name, count in data.counts.items()
        },
        keys=tuple(data.keys[row] for row in rows),
        classes=tuple(data.classes[column] for column in columns),
    )


def _difference_in_data(a: DatasetCounts, b: DatasetCounts) -> str | None:
    """Says what makes the figures of two sorted sides those of different tests."""
    for what, first, second in (("images", a.keys, b.keys), ("classes", a.classes, b.classes)):
        if first != second:
            only = (_without(first, second), _without(second, first))
            return f"the {what} differ: {_some(only[0])} only in A, {_some(only[1])} only in B"
    # All strategies of a side have the same truth.
    truths = [next(iter(side.counts.values())).truth for side in (a, b)]
    if changed := np.count_nonzero(np.any(truths[0] != truths[1], axis=1)):
        return f"the labels differ in {changed} of {len(a.keys)} images of the same name"
    return None if truths[0].any() else "no pixel is labelled"


def _rows(a: DatasetCounts, b: DatasetCounts, resamples: int) -> tuple[Row, ...]:
    names = sorted(a.counts.keys() & b.counts.keys(), key=lambda name: (name == ORACLE, name))
    weights = resample_weights(len(a.keys), resamples, SEED)
    rows = [_row(name, a.counts[name], b.counts[name], weights) for name in names]
    corrected = holm(np.array([row.p for row in rows])).tolist()
    return tuple(replace(row, p=p, significant=p <= ALPHA) for row, p in zip(rows, corrected, strict=True))


def _row(name: str, a: Counts, b: Counts, weights: NDArray[np.int32]) -> Row:
    """Compares one strategy, by itself: p is not corrected yet."""
    miou = {"b": float(mean_iou(b.total())), "a": float(mean_iou(a.total()))}
    resampled = {"b": bootstrap_miou(b, weights), "a": bootstrap_miou(a, weights)}
    (pair,) = compare_pairs(miou, resampled)
    # As in `compare_pairs`: a resample without labelled pixels sets nothing apart.
    low, high = interval(np.nan_to_num(resampled["b"] - resampled["a"]), 1 - ALPHA)
    return Row(name, miou["a"], miou["b"], pair.difference, low, high, pair.p, pair.p <= ALPHA)


def _without(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    known = set(others)
    return tuple(name for name in names if name not in known)


def _some(names: tuple[str, ...]) -> str:
    """Counts names, and shows the first of them."""
    return f"{len(names)} ({', '.join(names[:3])}{', ...' if names[3:] else ''})" if names else "0"
