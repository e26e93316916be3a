"""Every strategy against every other, with one error rate for all comparisons together.

Among hundreds of differences some look large by chance alone. The max-T method (Westfall & Young 1993, section 2.3)
holds each against the largest that chance brings forth among all of them. Chance is what the bootstrap over images
shows, so that it is known here that strategies are judged on the same images and err alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from groupseg.array_types import Floats
from groupseg.metrics.bootstrap import ROUNDING, Resampled


@dataclass(frozen=True)
class Pair:
    """What sets two strategies apart.

    Attributes:
        first: Name of a strategy.
        second: Name of another.
        difference: mIoU of the first minus that of the second, in -1..1.
        low: Lower end of the simultaneous interval: all intervals together hold all true differences in 95 % of cases.
        high: Its upper end.
        p: Family-wise adjusted p-value of "no difference", in 0..1.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float


def compare_pairs(resampled: Mapping[str, Resampled], level: float = 0.95) -> list[Pair]:
    """Compares all pairs of strategies by `max_t`.

    Args:
        resampled: mIoU of each strategy, on the same resamples of the images.
        level: Joint level of all intervals, in 0..1.

    Returns:
        Each unordered pair once, in the order of `resampled`.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> tp, weights = np.array([[8, 2], [6, 4], [9, 0], [5, 5]]), groupseg.resample_weights(4, 1000, seed=0)
        >>> first = groupseg.bootstrap_miou(groupseg.Counts(tp, predicted=tp + 1, truth=tp + 2), weights)
        >>> second = groupseg.bootstrap_miou(groupseg.Counts(tp, predicted=tp + 2, truth=tp + 2), weights)
        >>> (pair,) = groupseg.compare_pairs({"first": first, "second": second})
        >>> pair.first, round(pair.difference, 3), round(pair.p, 3)
        ('first', 0.067, 0.001)
    """
    pairs = list(combinations(resampled, 2))
    if not pairs:
        return []
    rows = [resampled[first] - resampled[second] for first, second in pairs]
    low, high, p = max_t(rows, level)
    return [
        Pair(first, second, row.value, *map(float, figures))
        for (first, second), row, *figures in zip(pairs, rows, low, high, p, strict=True)
    ]


def max_t(differences: Sequence[Resampled], level: float) -> tuple[Floats, Floats, Floats]:
    """Judges differences of mIoU together.

    A difference in units of its standard error is held against the largest such deviation from the observed differences
    in each resample. An interval leaves out 0 exactly where p is at most 1 - `level`. With fewer than
    1 / (1 - `level`) - 1 resamples no p is as small, and the intervals hold all there is, -1..1.

    Standard errors are taken for known, which needs many images. Of simulated comparisons of six rows in which nothing
    differs, 6 % find something with 400 images at a level of 0.95, and 7 % with 30.

    Args:
        differences: R observed differences, at least one, on the same number of resamples.
        level: Joint level of all intervals, in 0..1.

    Returns:
        The lower and the upper ends of the simultaneous intervals, [R] float64 in -1..1, and the family-wise adjusted
        p-values, [R] float64 in 0..1. Where resamples do not differ, they say nothing of chance: p is 1, and the
        interval is 0 for a difference of 0, else -1..1, as for one image.
    """
    value = np.array([one.value for one in differences])
    error = np.array([one.error() for one in differences])
    drawn = np.stack([one.spread() for one in differences])
    varies = error > 0
    statistic, chance = np.zeros(len(value)), np.zeros(drawn.shape)
    np.divide(np.abs(value), error, out=statistic, where=varies)
    np.divide(np.abs(drawn - value[:, None]), error[:, None], out=chance, where=varies[:, None])

    # What was observed counts as one more resample, so that no p is 0 (Davison & Hinkley 1997, section 4.2).
    largest = np.sort(np.append(chance.max(axis=0), np.inf))
    p = (len(largest) - np.searchsorted(largest, statistic)) / len(largest)
    allowed = int((1 - level) * len(largest) + ROUNDING)
    half = np.where(np.abs(value) > ROUNDING, np.inf, 0.0)
    np.multiply(largest[-1 - allowed], error, out=half, where=varies)
    return np.clip(value - half, -1, 1), np.clip(value + half, -1, 1), p
