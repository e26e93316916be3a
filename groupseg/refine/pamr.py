"""Pixel-adaptive mask refinement (PAMR): a pixel becomes the mean of neighbours of its colour, again and again."""

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

# Of the standard deviation, in the exponent of the affinity, and what keeps it from 0: as in the authors' code, where
# colours are 0..1. Here they are 0..255.
_SHARPNESS = 0.1
SMALLEST = 255 * 1e-8

# Pixels whose affinities are computed at once: with all their neighbours, what a core keeps at hand.
_PIXELS = 4096


def pamr(window: Tensor, dilations: Sequence[int], steps: int) -> Callable[[Tensor], Tensor]:
    """Prepares the refinement of masks by the colours of a window (Araslanov and Roth, arXiv 2005.08104, section 3).

    The neighbours of a pixel are those of all dilations together; beyond an edge lies the pixel at the edge. How much
    each counts is the softmax over them of -|I - I_j| / (0.1 s), the mean of the channels, where s is the standard
    deviation of a channel over the neighbours and the pixel itself, once for each dilation. So it is in the authors'
    code (visinf/1-stage-wseg, models/mods/pamr.py).

    A step is one product of a sparse matrix with the masks: nothing holds the masks of all neighbours. The matrix has 8
    bytes a pixel and neighbour, 77 MB for 48 neighbours in 448 x 448.

    Args:
        window: uint8 [3, h, w].
        dilations: How far away neighbours are, pixels.
        steps: How often the mean is taken.
    """
    height, width = window.shape[1:]
    beside = neighbours(height, width, tuple(dilations), window.device)
    means = _matrix(affinities(window, beside), beside)

    def refined(masks: Tensor) -> Tensor:
        pixels = masks.flatten(1).T.contiguous()
        for _ in range(steps):
            pixels = means @ pixels
        return pixels.T.reshape(masks.shape)

    return refined


@lru_cache(maxsize=4)
def neighbours(height: int, width: int, dilations: tuple[int, ...], device: torch.device) -> Tensor:
    """Lists the neighbours of each pixel, pixels numbered row by row: int32 [height * width, 8 * len(dilations)]."""
    rows, columns = (torch.arange(side, dtype=torch.int32, device=device) for side in (height, width))
    found = [
        (rows + down * far).clamp(0, height - 1)[:, None] * width + (columns + right * far).clamp(0, width - 1)
        for far in dilations
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
        if down or right
    ]
    return torch.stack(found, dim=2).flatten(0, 1)


def affinities(window: Tensor, beside: Tensor) -> Tensor:
    """Says how much each neighbour of a pixel counts.

    Args:
        window: uint8 [3, h, w].
        beside: Its `neighbours`, int32 [h * w, K].

    Returns:
        float32 [h * w, K], sums of 1.
    """
    pixels = window.float().flatten(1)
    found = torch.empty(beside.shape, device=window.device)
    for start in range(0, len(beside), _PIXELS):
        here = slice(start, start + _PIXELS)
        torch.softmax(_likeness(pixels, pixels[:, here], beside[here]), dim=1, out=found[here])
    return found


def _likeness(pixels: Tensor, own: Tensor, beside: Tensor) -> Tensor:
    """The exponents of the affinities of some pixels, whose colours are float32 [3, n], 0..255: float32 [n, K]."""
    count = beside.shape[1] * 9 // 8
    total = torch.zeros(beside.shape, device=beside.device)
    for channel, mine in zip(pixels, own[:, :, None], strict=True):
        # From the pixel itself, else float32 would lose the variance of pale colours that are almost the same.
        apart = channel.index_select(0, beside.flatten()).view(beside.shape).sub_(mine)
        squares = torch.linalg.vector_norm(apart, dim=1, keepdim=True).square_()
        variance = (squares - apart.sum(dim=1, keepdim=True).square_() / count) / (count - 1)
        total.addcmul_(apart.abs_(), -1 / (len(pixels) * (SMALLEST + _SHARPNESS * variance.sqrt_())))
    return total


def _matrix(values: Tensor, columns: Tensor) -> Tensor:
    """Makes a sparse matrix of as many values in every row: [N, N] from values and their columns, [N, K]."""
    size, count = columns.shape
    starts = torch.arange(0, size * count + 1, count, dtype=torch.int32, device=columns.device)
    with warnings.catch_warnings():
        # That sparse matrices are "in beta state"; products with dense ones are all that is used of them.
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(starts, columns.flatten(), values.flatten(), (size, size))
