"""Pixel counts from the segment table or from label maps: exact int64, additive over images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Integers
from groupseg.segments.blocks import blocks, in_blocks
from groupseg.segments.table import SegmentTable

# Segments whose entries are listed at once.
_CHUNK = 2**16


@dataclass(frozen=True, eq=False)
class Counts:
    """Pixels per label, ignored pixels left out; leading axes, if any, run over images or resamples.

    Attributes:
        tp: [..., C + 1] int64, pixels that have the label and are predicted as it.
        predicted: [..., C + 1] int64, pixels predicted as the label.
        truth: [..., C + 1] int64, pixels that have the label.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> images = groupseg.Counts(
        ...     tp=np.array([[5, 1], [3, 0]]), predicted=np.array([[6, 1], [4, 0]]), truth=np.array([[5, 2], [3, 1]])
        ... )
        >>> images.total()
        Counts(tp=array([8, 1]), predicted=array([10,  1]), truth=array([8, 3]))
    """

    tp: Integers
    predicted: Integers
    truth: Integers

    def total(self) -> "Counts":
        """Sums over the first axis, the images."""
        return Counts(self.tp.sum(axis=0), self.predicted.sum(axis=0), self.truth.sum(axis=0))


def entries(histogram: csr_array) -> tuple[Integers, Integers, Integers]:
    """Lists what a sparse histogram holds: segment, label and pixels of each entry, int64 each."""
    segment = np.repeat(np.arange(histogram.shape[0]), np.diff(histogram.indptr))
    return segment, histogram.indices.astype(np.int64), histogram.data.astype(np.int64)


def hits(histogram: csr_array, labels: ArrayLike) -> Integers:
    """Counts the pixels of each segment whose true label is the label given to the segment.

    Args:
        histogram: [S, C + 1] int64, pixels of each true label under each segment.
        labels: [S] int, labels in 0..C.

    Returns:
        [S] int64.
    """
    given, found = np.asarray(labels), np.zeros(histogram.shape[0], dtype=np.int64)
    for first in range(0, len(found), _CHUNK):
        rows = slice(first, first + _CHUNK)
        segment, label, pixels = entries(histogram[rows])
        hit = label == given[rows][segment]
        found[rows] = _sum_by(segment[hit], pixels[hit], len(found[rows]))
    return found


def image_counts(table: SegmentTable, labels: ArrayLike) -> Counts:
    """Counts each image by itself.

    Args:
        table: The segments.
        labels: [S] int, predicted labels in 0..C.

    Returns:
        Counts of shape [N, C + 1].

    Raises:
        ValueError: If there is not one label in 0..C for each segment.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> counts = groupseg.image_counts(scored.table, [1, 1, 1, 2])  # the background pixel is taken for a cat
        >>> counts.tp, counts.predicted, counts.truth
        (array([[0, 2, 1]]), array([[0, 3, 1]]), array([[1, 2, 1]]))
    """
    return Counts(*in_blocks(_block_counts, table, _checked(table, labels)))


def _block_counts(block: SegmentTable, labels: NDArray[np.integer]) -> tuple[Integers, Integers, Integers]:
    """Counts each image of a block: hits, predicted pixels and true pixels of each label, [N, C + 1] each."""
    predicted = labels.astype(np.int64)
    shape = (len(block.keys), len(block.classes) + 1)
    row = block.image.astype(np.int64) * shape[1]
    segment, label, pixels = entries(block.histogram)

    def per_image(index: Integers, weights: Integers) -> Integers:
        return _sum_by(index, weights, shape[0] * shape[1]).reshape(shape)

    return (
        per_image(row + predicted, hits(block.histogram, predicted)),
        per_image(row + predicted, block.histogram.sum(axis=1)),
        per_image(row[segment] + label, pixels),
    )


def confusion_matrix(table: SegmentTable, labels: ArrayLike) -> Integers:
    """Counts pixels by true and by predicted label over all images.

    Args:
        table: The segments.
        labels: [S] int, predicted labels in 0..C.

    Returns:
        [C + 1, C + 1] int64, rows truth, columns predicted.

    Raises:
        ValueError: If there is not one label in 0..C for each segment.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> groupseg.confusion_matrix(scored.table, [1, 1, 1, 2])  # the background pixel is taken for a cat
        array([[0, 1, 0],
               [0, 2, 0],
               [0, 0, 1]])
    """
    predicted, size, first = _checked(table, labels), len(table.classes) + 1, 0
    total = np.zeros((size, size), dtype=np.int64)
    for block in blocks(table):
        own = predicted[first : (first := first + len(block.image))].astype(np.int64)
        segment, label, pixels = entries(block.histogram)
        total += _sum_by(label * size + own[segment], pixels, size * size).reshape(size, size)
    return total


def confusion_from_maps(truth: ArrayLike, predicted: ArrayLike, classes: int, ignore: int = 255) -> Integers:
    """Counts pixels by true and by predicted label straight from label maps.

    Args:
        truth: [...] int, true labels in 0..`classes`, or `ignore`.
        predicted: [...] int, same shape, predicted labels in 0..`classes`.
        classes: C, the number of classes without background.
        ignore: The true label of pixels that do not count; 65535 in 16-bit masks.

    Returns:
        [C + 1, C + 1] int64, rows truth, columns predicted.

    Raises:
        ValueError: If shapes differ or a label is out of range.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.shape != predicted.shape:
        raise ValueError(f"Expected maps of one shape, but got {truth.shape} and {predicted.shape}.")
    counted = truth != ignore
    pairs = truth[counted].astype(np.int64), predicted[counted].astype(np.int64)
    for name, values in zip(("truth", "predicted"), pairs, strict=True):
        if values.size and (values.min() < 0 or values.max() > classes):
            raise ValueError(f"Expected labels in 0..{classes} in `{name}`, but got {values.min()}..{values.max()}.")
    size = classes + 1
    return np.bincount(pairs[0] * size + pairs[1], minlength=size * size).reshape(size, size).astype(np.int64)


def _sum_by(index: Integers, weights: Integers, size: int) -> Integers:
    """Sums weights that share an index. bincount adds in float64, which is exact below 2**53 pixels."""
    return np.bincount(index, weights=weights, minlength=size).astype(np.int64)


def _checked(table: SegmentTable, labels: ArrayLike) -> NDArray[np.integer]:
    """Returns labels as they are. A label out of range would be counted for the next image."""
    array, classes = np.asarray(labels), len(table.classes)
    if array.shape != table.image.shape or array.min(initial=0) < 0 or array.max(initial=0) > classes:
        raise ValueError(
            f"Expected one label in 0..{classes} for each of {len(table.image)} segments, but got {array}."
        )
    return array
