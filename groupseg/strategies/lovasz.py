"""The Lovász-softmax loss on segments."""

from tempfile import TemporaryFile

import numpy as np
from scipy.sparse import csr_array

from groupseg.array_types import Floats, Singles
from groupseg.strategies.soft_iou import LabelledPixels

# Shares below this are rounding of those above.
NEGLIGIBLE = 1e-7


class Lovasz:
    """The Lovász-softmax loss, an extension of 1 - IoU from hard labels to shares.

    Berman et al. 2018 (arXiv 1705.08790), equation 11 and algorithm 1, over all pixels at once; the mean is over labels
    as in `SoftMiou`. On sharp shares it is 1 - mIoU. Each label sorts all segments by itself, so that all shares lie in
    a temporary file until then.

    Args:
        histogram: [S, C + 1], pixels of each true label under each segment; S at least 1.
    """

    def __init__(self, histogram: csr_array) -> None:
        self._labelled = histogram.sum(axis=1).astype(np.float64)
        self._own = histogram.tocsc()
        with TemporaryFile() as file:  # the mapping outlives it
            self._table = np.memmap(file, np.float32, "w+", shape=histogram.shape[::-1])
        self._first = 0

    def show(self, shares: Singles, pixels: LabelledPixels) -> None:
        """See `Loss`."""
        self._next(len(shares))[:] = shares.T

    def settle(self) -> None:
        """See `Loss`."""
        self._first, self.value, occurring = 0, 0.0, 0
        for label, table in enumerate(self._table):
            own = np.zeros(len(table))
            held = slice(*self._own.indptr[label : label + 2])
            own[self._own.indices[held]] = self._own.data[held]
            share = table.astype(np.float64)
            if not own.any() and share @ self._labelled < 0.5:
                table[:] = 0
                continue
            slopes = lovasz_slopes(share, own, self._labelled)
            self.value += slopes[0] @ (1 - share) + slopes[1] @ share
            table[:] = slopes[1] - slopes[0]
            occurring += 1
        self.value, self._occurring = self.value / occurring, np.float32(occurring)

    def slopes(self, pixels: LabelledPixels) -> Singles:
        """See `Loss`."""
        return np.ascontiguousarray(self._next(len(pixels.labelled)).T) / self._occurring

    def _next(self, count: int) -> Singles:
        """What is kept of the next `count` segments, [C + 1, count]; from the first one again after the last."""
        rows = slice(self._first, self._first + count)
        self._first = rows.stop % len(self._labelled)
        return self._table[:, rows]


def lovasz_slopes(share: Floats, own: Floats, labelled: Floats) -> Floats:
    """Computes how much the loss of a label grows with each error, where the errors are in this order.

    Pixels of one segment share a softmax: those of the label are all as wrong as its share falls short of 1, the others
    as its share. Sorted they are two blocks, and the steps of the Jaccard loss within one add up to the difference
    between its ends.

    Args:
        share: [S] share of the label in each segment.
        own: [S] pixels of the label under each segment.
        labelled: [S] pixels of any label under it.

    Returns:
        [2, S]: of the errors of the label's own pixels, and of those of the others.
    """
    holding = np.flatnonzero(own)  # few; the blocks of the others would be empty
    wrong = np.flatnonzero(share > NEGLIGIBLE)
    order = np.argsort(-np.append(1 - share[holding], share[wrong]))
    missed = np.append(own[holding], np.zeros(len(wrong)))[order].cumsum()
    added = np.append(np.zeros(len(holding)), (labelled - own)[wrong])[order].cumsum()
    union = own.sum() + added
    loss = np.divide(missed + added, union, out=np.zeros_like(union), where=union > 0)
    steps = np.empty_like(loss)
    steps[order] = np.diff(loss, prepend=0)
    slopes = np.zeros((2, len(share)))
    slopes[0, holding], slopes[1, wrong] = steps[: len(holding)], steps[len(holding) :]
    return slopes
