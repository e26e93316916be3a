"""Confidence intervals from a bootstrap over images (Efron 1979).

An image is the unit that is drawn: pixels of one image are anything but independent. mIoU is recomputed for
each resample from summed counts. Two strategies judged on the same weights give paired differences.
"""

import numpy as np
from numpy.typing import NDArray

from groupseg.metrics.confusion import Counts
from groupseg.metrics.iou import mean_iou


def resample_weights(images: int, resamples: int, seed: int) -> NDArray[np.int32]:
    """Draws images with replacement.

    Args:
        images: N, the number of images.
        resamples: B, the number of resamples.
        seed: Seed of the random generator; the draws are those of `scipy.stats.bootstrap` with that
            generator.

    Returns:
        [B, N] int32, how often each image is drawn; rows sum to N.

    Raises:
        ValueError: If `images` or `resamples` is not positive.
    """
    if images < 1 or resamples < 1:
        raise ValueError(f"Expected `images` and `resamples` to be positive, but got {images} and {resamples}.")
    random = np.random.default_rng(seed)
    weights = np.empty((resamples, images), dtype=np.int32)
    for row in weights:
        row[:] = np.bincount(random.integers(0, images, images), minlength=images)
    return weights


def bootstrap_miou(counts: Counts, weights: NDArray[np.int32]) -> NDArray[np.float64]:
    """Computes the mIoU of each resample.

    Args:
        counts: Counts of shape [N, C + 1], one row per image.
        weights: [B, N] int, how often each image is drawn.

    Returns:
        [B] float64 in 0..1.
    """
    # Only float matrix products are fast; the sums are integers below 2**53, so that nothing is rounded.
    stacked = np.concatenate([counts.tp, counts.predicted, counts.truth], axis=1).astype(np.float64)
    sums = (weights.astype(np.float64) @ stacked).astype(np.int64)
    return mean_iou(Counts(*np.split(sums, 3, axis=1)))


def interval(values: NDArray[np.float64], level: float = 0.95) -> tuple[float, float]:
    """Percentile interval.

    Args:
        values: [B] float64, a figure or a paired difference of figures on each resample.
        level: Share of the resamples inside the interval, in 0..1.

    Returns:
        The lower and the upper end.
    """
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
