"""Logits that are weighted sums of evidence less a bias for each class, and how their weights are learned."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Floats, Singles
from groupseg.segments.table import SegmentTable
from groupseg.strategies.soft_iou import Adam, Logits, Loss, logit_slopes, one_thread, show, with_pixels

# Share of the steps, the last ones, over which the rate falls to 0: else where a descent ends, going to and fro, would
# hang on a rounding error.
SETTLING = 0.1


class ClassEvidence(NamedTuple):
    """What speaks for each class in the segments of a block.

    Attributes:
        segments: [K, s, L] float32, evidence that each segment has of its own.
        images: [J, n, L] float32, evidence that the segments of an image share.
        image: [s] int, row of the segment's image in 0..n-1, non-decreasing.
    """

    segments: Singles
    images: Singles
    image: NDArray[np.integer]

    def logits(self, weights: Singles, biases: Singles) -> Singles:
        """Returns sum_k weights_k segments_k + sum_j weights_(K + j) images_j - biases, [s, L] float32.

        Args:
            weights: [K + J] float32.
            biases: [L] float32.
        """
        split = len(self.segments)
        logits = (np.tensordot(weights[split:], self.images, 1) - biases)[self.image]
        for weight, evidence in zip(weights, self.segments, strict=False):
            logits += weight * evidence
        return np.asarray(logits)

    def with_background(self) -> Self:
        """Adds a column before the others: of the background, whose logit is 0 without a bias."""
        padding = ((0, 0), (0, 0), (1, 0))
        return self._replace(segments=np.pad(self.segments, padding), images=np.pad(self.images, padding))


class Point(NamedTuple):
    """Where a descent is.

    Attributes:
        heat: Logarithm of the factor that all weights share.
        mixture: [K + J] float64; the weights are exp(heat) * mixture, in logits per unit of evidence.
        biases: [C] float64, in logits.
    """

    heat: float
    mixture: Floats
    biases: Floats

    @property
    def weights(self) -> Floats:
        """[K + J] float64."""
        return math.exp(self.heat) * self.mixture


def descend(
    table: SegmentTable,
    evidence: Callable[[SegmentTable], ClassEvidence],
    loss: Loss,
    start: Point,
    *,
    steps: int,
    rate: float,
    shrinkage: float,
    mixed: bool,
) -> Iterator[Point]:
    """Follows the gradient of a loss over all images, with Adam.

    A class without pixels always has the mean bias. Nothing is drawn at random: equal tables give equal steps.

    Args:
        table: The calibration images.
        evidence: Makes the evidence of a block.
        loss: Is minimised.
        start: Where to begin.
        steps: How many steps; none where no class has a pixel.
        rate: The learning rate, in logits a step; over the last steps it falls to 0.
        shrinkage: Weight of the variance of the biases in the loss.
        mixed: Whether the mixture is learned, or stays as it is.

    Yields:
        The start, and the point after each step; to the loss, all segments have been shown as they are there.
    """
    present = table.histogram.sum(axis=0)[1:] > 0
    values = np.concatenate([[start.heat], start.mixture, start.biases])
    adam, point = Adam(values), start
    with one_thread(), with_pixels(table, lambda block: evidence(block).with_background()) as kept:
        for step in range(steps if present.any() else 0):
            logits = _logits(point)
            show(loss, kept, logits)
            yield point
            slopes = _collected(logit_slopes(loss, kept, logits), point)
            last = min(1.0, (steps - step) / (SETTLING * steps))
            adam.step(_chained(*slopes, point, present, shrinkage, mixed), rate * last)
            point = _point(values, len(start.mixture), present)
        show(loss, kept, _logits(point))
        yield point


def _point(values: Floats, kinds: int, present: NDArray[np.bool_]) -> Point:
    biases = values[1 + kinds :].copy()
    biases[~present] = biases[present].mean()
    return Point(float(values[0]), values[1 : 1 + kinds].copy(), biases)


def _logits(point: Point) -> Logits:
    """Makes the logits of a block of its evidence."""
    weights, biases = point.weights.astype(np.float32), np.append(0, point.biases).astype(np.float32)
    return lambda *kept: ClassEvidence(*kept).logits(weights, biases)


def _collected(blocks: Iterable[tuple[Singles, list[NDArray[Any]]]], point: Point) -> tuple[Floats, Floats]:
    """Adds up how much the loss grows with each weight [K + J] and each bias [C], from how it grows with each logit."""
    weights, biases = np.zeros(len(point.mixture)), np.zeros(1 + len(point.biases))
    for slopes, kept in blocks:
        segments, images, image = kept
        first = np.flatnonzero(np.diff(image, prepend=-1))
        by_image = np.add.reduceat(slopes, first, axis=0) if len(first) else slopes
        biases -= by_image.sum(axis=0)
        weights += [
            *(np.vdot(slopes, one) for one in segments),
            *(np.vdot(by_image, one[image[first]]) for one in images),
        ]
    return weights, biases[1:]


def _chained(
    weights: Floats, biases: Floats, point: Point, present: NDArray[np.bool_], shrinkage: float, mixed: bool
) -> Floats:
    """Returns how much the loss grows with factor, mixture and biases, one after the other, if so with these."""
    spread = 2 * shrinkage * (point.biases - point.biases.mean()) / len(biases)
    free = np.where(present, biases + spread, 0)
    free[present] += (biases + spread)[~present].sum() / max(np.count_nonzero(present), 1)
    return np.concatenate([[weights @ point.weights], math.exp(point.heat) * weights * mixed, free])
