"""Both refinements written down again, pixel by pixel, in float64."""

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]


def slow_pamr(window: NDArray[np.uint8], masks: Array, dilations: tuple[int, ...], steps: int) -> Array:
    """PAMR as the authors' code computes it, from windows [3, h, w] and masks [G, h, w]."""
    image = window / 255
    _, height, width = image.shape
    weights = np.empty((height, width, 8 * len(dilations)))
    places = np.empty((height, width, 8 * len(dilations), 2), dtype=int)
    for row in range(height):
        for column in range(width):
            around = []
            for far in dilations:
                for down in (-far, 0, far):
                    for right in (-far, 0, far):
                        place = min(max(row + down, 0), height - 1), min(max(column + right, 0), width - 1)
                        around.append((place, (down, right) == (0, 0)))
            colours = np.array([image[:, y, x] for (y, x), _ in around])
            deviation = colours.std(axis=0, ddof=1)
            beside = [place for place, own in around if not own]
            apart = np.array([np.abs(image[:, row, column] - image[:, y, x]) for y, x in beside])
            affinity = np.mean(-apart / (1e-8 + 0.1 * deviation), axis=1)
            power = np.exp(affinity - affinity.max())
            weights[row, column], places[row, column] = power / power.sum(), beside
    for _ in range(steps):
        masks = np.einsum("ghwk,hwk->ghw", masks[:, places[..., 0], places[..., 1]], weights)
    return masks


def slow_guided(window: NDArray[np.uint8], masks: Array, radius: int, epsilon: float) -> Array:
    """The guided filter of He et al. 2010, equations 14 to 16, with windows cut off at the edges."""
    image = window / 255
    _, height, width = image.shape
    near = [
        [
            np.s_[max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1]
            for column in range(width)
        ]
        for row in range(height)
    ]
    slope, offset = np.empty((len(masks), 3, height, width)), np.empty(masks.shape)
    for row in range(height):
        for column in range(width):
            colours = image[:, *near[row][column]].reshape(3, -1)
            spread = np.cov(colours, bias=True) + epsilon * np.eye(3)
            for group, mask in enumerate(masks):
                own = mask[near[row][column]].ravel()
                shared = (colours * own).mean(axis=1) - colours.mean(axis=1) * own.mean()
                slope[group, :, row, column] = np.linalg.solve(spread, shared)
                offset[group, row, column] = own.mean() - slope[group, :, row, column] @ colours.mean(axis=1)
    out = np.empty(masks.shape)
    for row in range(height):
        for column in range(width):
            for group in range(len(masks)):
                lines = slope[group, :, *near[row][column]].reshape(3, -1).mean(axis=1)
                out[group, row, column] = lines @ image[:, row, column] + offset[group][near[row][column]].mean()
    return out


@st.composite
def windows(draw: st.DrawFn) -> NDArray[np.uint8]:
    """Windows of any size: noise, flat colours, colours that are almost the same, and edges between all of them."""
    shape = 3, draw(st.integers(1, 9)), draw(st.integers(1, 9))
    levels = draw(st.sampled_from([[0, 255], [200, 201], [0, 1, 2, 254, 255], range(256)]))
    return draw(arrays(np.uint8, shape, elements=st.sampled_from(list(levels))))


def soft_masks(window: NDArray[np.uint8], groups: int = 3) -> Tensor:
    """Random masks of the size of a window, float32 [G, h, w], sums of 1."""
    random = torch.Generator().manual_seed(window.size)
    return torch.rand(groups, *window.shape[1:], generator=random).mul(6).softmax(dim=0)
