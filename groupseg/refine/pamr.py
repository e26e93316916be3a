"""Pixel-adaptive mask refinement (PAMR): a pixel becomes the mean of neighbours of its colour, again and again."""

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

# Of the standard deviation, in the exponent of the affinity, and what keeps it from 0: as in the authors' code, where
# colours are 0..1. Here they are 0..255.
SHARPNESS = 0.1
SMALLEST = 255 * 1e-8


def pamr(window: Tensor, dilations: Sequence[int], steps: int) -> Callable[[Tensor], Tensor]:
    """Prepares the refinement of masks by the colours of a window (Araslanov and Roth, arXiv 2005.08104, section 3).

    The neighbours of a pixel are those of all dilations together; beyond an edge lies the pixel at the edge. How much
    each counts is the softmax over them of -|I - I_j| / (0.1 s), the mean of the channels, where s is the standard
    deviation of a channel over the neighbours and the pixel itself, once for each dilation. So it is in the authors'
    code (visinf/1-stage-wseg, models/mods/pamr.py).

    A step is one product of a sparse matrix with the masks: nothing holds the masks of all neighbours. It keeps 8 bytes
    a pixel and neighbour, 77 MB for 48 neighbours in 448 x 448, and takes about three times as much while it is made.

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
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    found = [
        (rows + down * far).clamp(0, height - 1)[:, None] * width + (columns + right * far).clamp(0, width - 1)
        for far in dilations
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
        if down or right
    ]
    return torch.stack(found, dim=2).flatten(0, 1).int()


def affinities(window: Tensor, beside: Tensor) -> Tensor:
    """Says how much each neighbour of a pixel counts.

    Args:
        window: uint8 [3, h, w].
        beside: Its `neighbours`, int32 [h * w, K].

    Returns:
        float32 [h * w, K], sums of 1.
    """
    itself = beside.shape[1] // 8
    count = beside.shape[1] + itself
    total = torch.zeros(beside.shape, device=window.device)
    for channel in window.float().flatten(1):
        # From the pixel itself, else float32 would lose the variance of pale colours that are almost the same.
        apart = channel[beside] - channel[:, None]
        variance = (apart.square().sum(dim=1) - apart.sum(dim=1).square() / count) / (count - 1)
        total.addcdiv_(apart.abs_(), SMALLEST + SHARPNESS * variance.sqrt()[:, None], value=-1 / len(window))
    return total.softmax(dim=1)


def _matrix(values: Tensor, columns: Tensor) -> Tensor:
    """Makes a sparse matrix of as many values in every row: [N, N] from values and their columns, [N, K]."""
    size, count = columns.shape
    starts = torch.arange(0, size * count + 1, count, dtype=torch.int32, device=columns.device)
    with warnings.catch_warnings():
        # That sparse matrices are "in beta state"; products with dense ones are all that is used of them.
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(starts, columns.flatten(), values.flatten(), (size, size))
