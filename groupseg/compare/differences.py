"""Differences in mIoU between two revisions, paired over images.

Both sides are judged on the same resamples of the images (groupseg.metrics.bootstrap), so that how hard the images are
cancels out. Only strategies whose counts changed are judged, all of them on all data sets together, by the max-T method
(groupseg.metrics.pairs): the chance of calling any difference real that is none stays below `ALPHA`. A strategy that
did not change has no chance of its own, so that leaving it out changes no p-value.

The images of each data set are resampled independently of those of the others. Data sets that share images, as VOC and
Context do, may err alike; taking them for independent can only widen the intervals (Royen 2014, the Gaussian
correlation inequality).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groupseg.compare.revisions import CountsOrigin, DatasetCounts, Revision
from groupseg.metrics.bootstrap import Resampled, bootstrap_miou, resample_weights
from groupseg.metrics.confusion import Counts
from groupseg.metrics.pairs import max_t
from groupseg.report.roles import LABEL_ORACLE

ALPHA = 0.05


@dataclass(frozen=True)
class Row:
    """One strategy, or the label oracle, that changed on one data set.

    Attributes:
        strategy: Its name.
        a: mIoU in A, in 0..1.
        b: mIoU in B.
        difference: b - a.
        low: Lower end of the simultaneous interval of the difference: the intervals of all rows of the comparison
            together hold all true differences in 95 % of cases.
        high: Its upper end.
        p: p-value of "no difference", corrected for all rows of the comparison.
        significant: Whether p is at most `ALPHA`, which is where the interval leaves out 0.
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
        rows: The strategies of both sides that changed, by name, the label oracle last; none where there is a `reason`.
        unchanged: Those whose counts are the same in each image, in the same order.
        only_a: Strategies that only A has.
        only_b: Strategies that only B has.
    """

    name: str
    images: int
    reason: str | None
    rows: tuple[Row, ...]
    unchanged: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Two revisions against each other.

    Attributes:
        a: Where A was read.
        b: Where B was read.
        resamples: Number of resamples of the images.
        alpha: What p is held against; all intervals together hold all true differences but in this share of cases.
        correction: How p and intervals are corrected for the number of rows.
        datasets: The data sets that both sides have, by name.
        only_a: Data sets that only A has.
        only_b: Data sets that only B has.
    """

    a: CountsOrigin
    b: CountsOrigin
    resamples: int
    alpha: float
    correction: str
    datasets: tuple[DatasetComparison, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Change:
    """One strategy that changed on one data set.

    Attributes:
        dataset: Name of the data set.
        strategy: Name of the strategy.
        a: mIoU in A.
        b: mIoU in B.
    """

    dataset: str
    strategy: str
    a: Resampled
    b: Resampled


def compare_revisions(a: Revision, b: Revision, resamples: int) -> Comparison:
    """Compares all that two revisions share.

    Args:
        a: The side that is subtracted.
        b: The other side.
        resamples: Number of resamples of the images, at least 1. No p is below 1 / (`resamples` + 1).
    """
    sides = {name: (_sorted(a.datasets[name]), _sorted(b.datasets[name])) for name in a.datasets}
    reasons = {name: _difference_in_data(*pair) for name, pair in sides.items()}
    changes = [
        change
        for seed, (name, pair) in enumerate(sides.items())
        if reasons[name] is None
        for change in _changes(name, *pair, resamples, seed)
    ]
    rows = list(zip(changes, _rows(changes), strict=True))
    datasets = tuple(
        _dataset(name, *pair, reasons[name], tuple(row for change, row in rows if change.dataset == name))
        for name, pair in sides.items()
    )
    return Comparison(
        a.place, b.place, resamples, ALPHA, "max-T", datasets, _without(a.names, b.names), _without(b.names, a.names)
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


def _changes(name: str, a: DatasetCounts, b: DatasetCounts, resamples: int, seed: int) -> list[_Change]:
    """Resamples what changed on a data set whose sides are sorted and have the same truth."""
    changed = [strategy for strategy in _shared(a, b) if not _equal(a.counts[strategy], b.counts[strategy])]
    weights = resample_weights(len(a.keys), resamples, seed) if changed else np.empty((0, 0), np.int32)
    return [_change(name, strategy, a.counts[strategy], b.counts[strategy], weights) for strategy in changed]


def _change(dataset: str, strategy: str, a: Counts, b: Counts, weights: NDArray[np.int32]) -> _Change:
    return _Change(dataset, strategy, bootstrap_miou(a, weights), bootstrap_miou(b, weights))


def _rows(changes: list[_Change]) -> list[Row]:
    """Judges all changes together."""
    if not changes:
        return []
    low, high, p = max_t([change.b - change.a for change in changes], 1 - ALPHA)
    return [
        Row(
            strategy=change.strategy,
            a=change.a.value,
            b=change.b.value,
            difference=change.b.value - change.a.value,
            low=float(low[index]),
            high=float(high[index]),
            p=float(p[index]),
            significant=bool(p[index] <= ALPHA),
        )
        for index, change in enumerate(changes)
    ]


def _dataset(
    name: str, a: DatasetCounts, b: DatasetCounts, reason: str | None, rows: tuple[Row, ...]
) -> DatasetComparison:
    return DatasetComparison(
        name=name,
        images=len(set(a.keys) & set(b.keys)),
        reason=reason,
        rows=rows,
        unchanged=() if reason else _without(_shared(a, b), tuple(row.strategy for row in rows)),
        only_a=_without(tuple(a.counts), tuple(b.counts)),
        only_b=_without(tuple(b.counts), tuple(a.counts)),
    )


def _shared(a: DatasetCounts, b: DatasetCounts) -> tuple[str, ...]:
    """Names the strategies of both sides, the label oracle last."""
    return tuple(sorted(a.counts.keys() & b.counts.keys(), key=lambda name: (name == LABEL_ORACLE, name)))


def _equal(a: Counts, b: Counts) -> bool:
    """Says whether each image has the same counts; the truth is known to be the same."""
    return np.array_equal(a.tp, b.tp) and np.array_equal(a.predicted, b.predicted)


def _without(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    known = set(others)
    return tuple(name for name in names if name not in known)


def _some(names: tuple[str, ...]) -> str:
    """Counts names, and shows the first of them."""
    return f"{len(names)} ({', '.join(names[:3])}{', ...' if names[3:] else ''})" if names else "0"
