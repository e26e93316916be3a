"""mIoU with a gradient: what strategies that learn maximise on the segments of all calibration images.

All images at once, in blocks: an IoU is made of two sums over segments, so that one pass over the blocks finds them,
and a second one the gradient, as exactly as if all segments lay in memory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Floats, Singles
from groupseg.metrics.confusion import Counts, entries
from groupseg.metrics.iou import mean_iou
from groupseg.segments.blocks import Kept, blocks, keep
from groupseg.segments.table import SegmentTable

Logits = Callable[..., Singles]

_SHARPNESS = 6.0


class LabelledPixels(NamedTuple):
    """The labelled pixels of a block of s segments.

    Attributes:
        place: [E] int64, segment * (C + 1) + label of each pair that has a pixel.
        label: [E] int64, the label of the pair.
        pixels: [E] float32, its pixels.
        labelled: [s] float32, pixels of any label.
    """

    place: NDArray[np.int64]
    label: NDArray[np.int64]
    pixels: Singles
    labelled: Singles

    @classmethod
    def of(cls, histogram: csr_array) -> Self:
        """Takes them from a histogram [s, C + 1]."""
        segment, label, pixels = entries(histogram)
        place = segment * histogram.shape[1] + label
        return cls(place, label, pixels.astype(np.float32), histogram.sum(axis=1).astype(np.float32))


class Loss(Protocol):
    """A function of the shares of all labels in all segments. It is shown all blocks, and then knows its slopes."""

    def show(self, shares: Singles, pixels: LabelledPixels) -> None:
        """Takes a block into account; its shares are [s, C + 1]."""
        ...

    def settle(self) -> None:
        """Is called when all blocks have been shown."""
        ...

    def slopes(self, pixels: LabelledPixels) -> Singles:
        """Returns how much the loss grows with each share of a block, [s, C + 1]; asked of all blocks, in order."""
        ...


class SoftMiou:
    """Minus the mIoU where a segment has every label in part.

    The mean is over labels that occur in truth or, with half a pixel at least, in prediction. The sharper the shares,
    the closer to the true mIoU.

    Args:
        truth: [C + 1], true pixels of each label.
    """

    def __init__(self, truth: NDArray[np.integer]) -> None:
        self._truth = truth.astype(np.float64)
        self._tp, self._predicted = np.zeros((2, len(truth)))

    def show(self, shares: Singles, pixels: LabelledPixels) -> None:
        """See `Loss`."""
        self._tp += np.bincount(pixels.label, shares.ravel()[pixels.place] * pixels.pixels, len(self._tp))
        self._predicted += pixels.labelled @ shares

    def settle(self) -> None:
        """See `Loss`."""
        union = self._truth + self._predicted - self._tp
        occurs = (self._truth > 0) | (self._predicted >= 0.5)
        iou = np.divide(self._tp, union, out=np.zeros_like(union), where=occurs)
        self.value = -iou.sum() / np.count_nonzero(occurs)
        worth = np.divide(1 / np.count_nonzero(occurs), union, out=np.zeros_like(union), where=occurs)
        self._hit, self._any = ((-worth * (1 + iou)).astype(np.float32), (worth * iou).astype(np.float32))
        self._tp, self._predicted = np.zeros((2, len(self._tp)))

    def slopes(self, pixels: LabelledPixels) -> Singles:
        """See `Loss`."""
        slopes = np.outer(pixels.labelled, self._any)
        slopes.ravel()[pixels.place] += pixels.pixels * self._hit[pixels.label]
        return slopes


class Watched:
    """A loss that also counts what the mIoU is where a segment has the label of the highest share.

    Args:
        loss: The loss.
        table: The segments. In a data set without background no segment is background.

    Attributes:
        miou: mIoU of the shares that were shown, 0..1.
    """

    def __init__(self, loss: Loss, table: SegmentTable) -> None:
        self._loss, self._lowest = loss, int(not table.with_background)
        self._truth = table.histogram.sum(axis=0)
        self._tp, self._predicted = np.zeros((2, len(self._truth)))
        self.slopes = loss.slopes

    def show(self, shares: Singles, pixels: LabelledPixels) -> None:
        """See `Loss`."""
        labels = len(self._truth)
        chosen = shares[:, self._lowest :].argmax(axis=1) + self._lowest
        hit = pixels.label == chosen[pixels.place // labels]
        self._tp += np.bincount(pixels.label[hit], pixels.pixels[hit], labels)
        self._predicted += np.bincount(chosen, pixels.labelled, labels)
        self._loss.show(shares, pixels)

    def settle(self) -> None:
        """See `Loss`."""
        self.miou = float(mean_iou(Counts(self._tp.astype(np.int64), self._predicted.astype(np.int64), self._truth)))
        self._tp, self._predicted = np.zeros((2, len(self._truth)))
        self._loss.settle()


def with_pixels(
    table: SegmentTable, make: Callable[[SegmentTable], Sequence[NDArray[Any]]]
) -> AbstractContextManager[Kept]:
    """Keeps for each block its pixels, and what `make` makes of it."""
    return keep((*LabelledPixels.of(block.histogram), *make(block)) for block in blocks(table))


def show(loss: Loss, kept: Iterable[list[NDArray[Any]]], logits: Logits) -> None:
    """Shows all blocks to a loss: the first of two passes.

    Args:
        loss: The loss.
        kept: What `with_pixels` returned, or more of each block.
        logits: Makes the logits of a block, [s, C + 1] float32, of what is kept of it. They are written over.
    """
    for arrays in kept:
        loss.show(_softmax(logits(*arrays[4:])), LabelledPixels(*arrays[:4]))
    loss.settle()


def logit_slopes(
    loss: Loss, kept: Iterable[list[NDArray[Any]]], logits: Logits
) -> Iterator[tuple[Singles, list[NDArray[Any]]]]:
    """Yields for each block how much a loss grows with each logit: the second of two passes; arguments as in `show`.

    Yields:
        [s, C + 1] float32, and what is kept of the block.
    """
    for arrays in kept:
        shares, slopes = _softmax(logits(*arrays[4:])), loss.slopes(LabelledPixels(*arrays[:4]))
        slopes -= np.einsum("sl,sl->s", shares, slopes)[:, None]
        slopes *= shares
        yield slopes, arrays[4:]


def _softmax(logits: Singles) -> Singles:
    """Softmax of each row, in place."""
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


class Adam:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1), with the defaults of PyTorch.

    Args:
        values: [P] float64, changed in place.
    """

    def __init__(self, values: Floats) -> None:
        self._values = values
        self._mean, self._square = np.zeros((2, len(values)))
        self._steps = 0

    def step(self, slopes: Floats, rate: float) -> None:
        """Goes down a gradient [P] at a learning rate."""
        self._steps += 1
        self._mean += 0.1 * (slopes - self._mean)
        self._square += 0.001 * (slopes**2 - self._square)
        mean, square = self._mean / (1 - 0.9**self._steps), self._square / (1 - 0.999**self._steps)
        self._values -= rate * mean / (np.sqrt(square) + 1e-8)


def sharp_scale(spread: float) -> float:
    """Finds a factor on cosines with which the soft mIoU says something about the true one.

    Softer, many weak classes together outweigh the best one.

    Args:
        spread: Standard deviation of the cosines of segments with their best classes.

    Returns:
        6 logits per standard deviation.
    """
    return _SHARPNESS / max(spread, 1e-2)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps arithmetic to one thread: results do not depend on the cores, and busy cores are no trouble."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        yield
