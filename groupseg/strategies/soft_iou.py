"""mIoU with a gradient: what strategies that learn maximise on the segments of all calibration images."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # torch takes longer to import than most strategies take to fit.
    from torch import Tensor

Floats = NDArray[np.float64]

SHARPNESS = 6.0


def soft_miou(logits: "Tensor", pixels: "Tensor") -> "Tensor":
    """Computes the mIoU where a segment has every label in part, by the softmax of its logits.

    The sharper the logits, the closer to the true mIoU.

    Args:
        logits: [S, C] float, of the classes; that of the background is 0.
        pixels: [S, C + 1] float, pixels of each true label under each segment.

    Returns:
        Scalar in 0..1, the mean over labels that occur in truth or, with half a pixel at least, in
        prediction.
    """
    shares = _shares(logits)
    tp, truth = (shares * pixels).sum(dim=0), pixels.sum(dim=0)
    predicted = pixels.sum(dim=1) @ shares
    occurs = (truth > 0) | (predicted >= 0.5)
    return (tp[occurs] / (truth + predicted - tp)[occurs]).mean()


def lovasz(logits: "Tensor", pixels: "Tensor") -> "Tensor":
    """Computes the Lovász-softmax loss, an extension of 1 - IoU from hard labels to shares.

    Berman et al. 2018 (arXiv 1705.08790), equation 11 and algorithm 1, over all pixels at once. On sharp logits it is
    1 - mIoU.

    Args:
        logits: [S, C] float, of the classes; that of the background is 0.
        pixels: [S, C + 1] float, pixels of each true label under each segment.

    Returns:
        Scalar in 0..1, the mean over labels as in `soft_miou`.
    """
    import torch

    shares = _shares(logits)
    # Labels first, so that what is sorted and summed lies together in memory.
    held, counts = (np.ascontiguousarray(x.detach().double().numpy().T) for x in (shares, pixels))
    labelled = counts.sum(axis=0)
    occurs = np.flatnonzero((counts.sum(axis=1) > 0) | (held @ labelled >= 0.5))
    slopes = [_slopes(held[label], counts[label], labelled) for label in occurs]
    own, others = torch.from_numpy(np.stack(slopes, axis=-1)).to(shares.dtype)
    kept = shares[:, torch.from_numpy(occurs)]
    loss: Tensor = (own * (1 - kept) + others * kept).sum() / len(occurs)
    return loss


def _slopes(share: Floats, own: Floats, labelled: Floats) -> Floats:
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
    order = np.argsort(-np.append(1 - share[holding], share))
    missed = np.append(own[holding], np.zeros_like(share))[order].cumsum()
    added = np.append(np.zeros(len(holding)), labelled - own)[order].cumsum()
    union = own.sum() + added
    loss = np.divide(missed + added, union, out=np.zeros_like(union), where=union > 0)
    steps = np.empty_like(loss)
    steps[order] = np.diff(loss, prepend=0)
    slopes = np.zeros((2, len(share)))
    slopes[0, holding], slopes[1] = steps[: len(holding)], steps[len(holding) :]
    return slopes


def sharp_scale(best: Floats) -> float:
    """Finds a factor on cosines with which the soft mIoU says something about the true one.

    Softer, many weak classes together outweigh the best one.

    Args:
        best: [S], cosine of each segment with its best class.

    Returns:
        `SHARPNESS` logits per standard deviation.
    """
    return SHARPNESS / max(float(best.std()), 1e-2)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps torch to one thread: results do not depend on the cores, and busy cores are no trouble."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _shares(logits: "Tensor") -> "Tensor":
    """Softmax of logits [S, C] and 0 for the background: [S, C + 1]."""
    import torch

    return torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1).softmax(dim=1)
