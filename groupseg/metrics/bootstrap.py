"""Confidence intervals from a bootstrap over images (Efron 1979).

An image is the unit that is drawn: pixels of one image are anything but independent. mIoU is recomputed for each
resample from summed counts. Two strategies judged on the same weights give paired differences.

Three things keep intervals from covering as often as they promise where few images show a class, and are mended:

- The mIoU of a sample is too low on average, and that of a resample of it is again too low by as much. Percentiles of
  resamples count this error twice; the basic interval takes it off (Davison & Hinkley 1997, equation 5.6).
- A resample holds 63 % of the images, so that resamples differ by less than samples do. They are spread to the standard
  error of the jackknife, which is too large on average, if anything (Efron & Stein 1981).
- A label that a resample lacks is not dropped from its mean, which would then be of other labels. It keeps the IoU that
  it has on all images. What is not known of a label that a single image shows is thus in no interval; `rare_classes`
  names such classes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Floats, Integers
from groupseg.metrics.confusion import Counts
from groupseg.metrics.iou import iou, mean_iou

# Images that must show a class, for an interval to hold what other images of it would change.
_ENOUGH = 5
# What rounding alone makes resamples differ by.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Resampled:
    """A figure of N images, and what it is on other choices of them. The difference of two is paired.

    Attributes:
        value: On all images once.
        drawn: [B] float64, on each resample.
        left_out: [N] float64, without each image.
        least: The least it can be: 0, or -1 where it is a difference. The most is 1.
    """

    value: float
    drawn: Floats
    left_out: Floats
    least: float = 0.0

    def __sub__(self, other: "Resampled") -> "Resampled":
        """Subtracts a figure of the same images on the same resamples."""
        return Resampled(self.value - other.value, self.drawn - other.drawn, self.left_out - other.left_out, -1.0)

    def error(self) -> float:
        """Standard error: that of the jackknife, or of the resamples where it is larger; 0 where nothing differs."""
        jackknife = math.sqrt((len(self.left_out) - 1) * self.left_out.var())
        error = max(jackknife, float(self.drawn.std()))
        return error if error > ROUNDING else 0.0

    def spread(self) -> Floats:
        """The resamples [B] with their mean as it is, but `error` as their standard deviation."""
        mean, deviation = self.drawn.mean(), self.drawn.std()
        return np.asarray(mean + (self.drawn - mean) * (self.error() / deviation if deviation > ROUNDING else 1))


def constant(value: float, like: Resampled) -> Resampled:
    """A figure that is the same for any images."""
    return Resampled(value, np.full(like.drawn.shape, value), np.full(like.left_out.shape, value))


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

    Examples:
        >>> import groupseg
        >>> groupseg.resample_weights(images=3, resamples=2, seed=0)
        array([[0, 2, 1],
               [3, 0, 0]], dtype=int32)
    """
    if images < 1 or resamples < 1:
        raise ValueError(f"Expected `images` and `resamples` to be positive, but got {images} and {resamples}.")
    random = np.random.default_rng(seed)
    weights = np.empty((resamples, images), dtype=np.int32)
    for row in weights:
        row[:] = np.bincount(random.integers(0, images, images), minlength=images)
    return weights


def bootstrap_miou(counts: Counts, weights: NDArray[np.int32]) -> Resampled:
    """Computes the mIoU of all images, of each resample, and without each image.

    The labels of the mean are always those that occur on all images. One that does not occur in a resample has the IoU
    there that it has on all images.

    Args:
        counts: Counts of shape [N, C + 1], one row per image.
        weights: [B, N] int, how often each image is drawn.

    Returns:
        The figure in 0..1, NaN where no pixel is labelled.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> tp = np.array([[8, 2], [6, 4], [9, 0], [5, 5]])  # of four images: background and one class
        >>> counts = groupseg.Counts(tp, predicted=tp + 1, truth=tp + 2)
        >>> miou = groupseg.bootstrap_miou(counts, groupseg.resample_weights(4, 1000, seed=0))
        >>> round(miou.value, 3), miou.drawn.shape, miou.left_out.shape
        (0.589, (1000,), (4,))
    """
    # Only float matrix products are fast; the sums are integers below 2**53, so that nothing is rounded.
    stacked = np.concatenate([counts.tp, counts.predicted, counts.truth], axis=1).astype(np.float64)
    sums = (weights.astype(np.float64) @ stacked).astype(np.int64)
    total = counts.total()
    rest = Counts(total.tp - counts.tp, total.predicted - counts.predicted, total.truth - counts.truth)
    own = iou(total)
    return Resampled(
        value=float(mean_iou(total)),
        drawn=_held_mean(Counts(*np.split(sums, 3, axis=1)), own),
        left_out=_held_mean(rest, own),
    )


def _held_mean(counts: Counts, own: Floats) -> Floats:
    """Mean IoU [...] over the labels whose IoU `own` [C + 1] is not NaN, which stands in where one does not occur."""
    values, occurs = iou(counts), ~np.isnan(own)
    if not occurs.any():
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(np.where(np.isnan(values), own, values)[..., occurs].mean(axis=-1))


def interval(figure: Resampled, level: float = 0.95) -> tuple[float, float]:
    """Basic bootstrap interval: the figure is as far from the truth as resamples are from the figure.

    Args:
        figure: A figure or a paired difference of figures.
        level: Share of the samples whose interval is to hold the truth, in 0..1.

    Returns:
        The lower and the upper end. The figure itself is never outside, nor is either end where it cannot be.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> tp = np.array([[8, 2], [6, 4], [9, 0], [5, 5]])  # of four images: background and one class
        >>> weights = groupseg.resample_weights(4, 1000, seed=0)
        >>> miou = groupseg.bootstrap_miou(groupseg.Counts(tp, predicted=tp + 1, truth=tp + 2), weights)
        >>> [round(end, 3) for end in groupseg.interval(miou)]
        [0.555, 0.687]
        >>> other = groupseg.bootstrap_miou(groupseg.Counts(tp, predicted=tp + 2, truth=tp + 2), weights)
        >>> [round(end, 3) for end in groupseg.interval(miou - other)]
        [0.065, 0.08]
    """
    low, high = np.quantile(figure.spread(), [(1 - level) / 2, (1 + level) / 2])
    ends = min(2 * figure.value - high, figure.value), max(2 * figure.value - low, figure.value)
    return float(max(ends[0], figure.least)), float(min(ends[1], 1.0))


def rare_classes(truth: Integers, classes: Sequence[str]) -> list[str]:
    """Warns, in one line or none, of classes that fewer than 5 images show.

    Args:
        truth: [N, C + 1] int64, pixels of each label in each image, the background first.
        classes: Names of the C classes.
    """
    shown = np.count_nonzero(truth[:, 1:], axis=0)
    rare = [f"{name} ({count})" for name, count in zip(classes, shown, strict=True) if count < _ENOUGH]
    if not rare:
        return []
    listed = ", ".join(rare[:10]) + (f" and {len(rare) - 10} more" if len(rare) > 10 else "")
    return [
        f"Fewer than {_ENOUGH} test images show {listed}. What other images of them would change is in no interval."
    ]
