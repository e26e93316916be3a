"""The guided filter: in every small window, masks become a linear function of the colours."""

from collections.abc import Callable, Iterable
from itertools import combinations_with_replacement

import torch
from torch import Tensor

# Values of masks that are filtered at once, and rows and columns that are summed at once: what a core keeps at hand.
_VALUES = 2**18
_SIDE = 64


def guided(window: Tensor, radius: int, epsilon: float) -> Callable[[Tensor], Tensor]:
    """Prepares the refinement of masks by the colours of a window (He, Sun and Tang 2010, section 3.5: colour guides).

    The means are over squares, which end where the window ends, as in the authors' code. Computed in float64, for
    covariances are small differences of large sums: in float32 masks on smooth colours would be wrong by up to 1e-3.

    Args:
        window: uint8 [3, h, w].
        radius: Of the squares, pixels.
        epsilon: Added to the variance of colours in 0..1.
    """
    image = window.double() / 255
    squares = Squares(radius, window)
    colour = squares.mean(image)
    pairs = list(combinations_with_replacement(range(3), 2))
    products = squares.mean(torch.stack([image[i] * image[j] for i, j in pairs]))
    covariance = [product - colour[i] * colour[j] for product, (i, j) in zip(products, pairs, strict=True)]
    inverse = inverted(covariance, epsilon)

    def filtered(masks: Tensor) -> Tensor:
        exact = masks.double()
        *shared, average = squares.mean(torch.stack([*(channel * exact for channel in image), exact])).unbind()
        for own, channel in zip(shared, colour, strict=True):
            own.addcmul_(channel, average, value=-1)  # to its covariance with the mask
        slopes = [dot(row, shared) for row in inverse]
        *slopes, offset = squares.mean(torch.stack([*slopes, average - dot(colour, slopes)])).unbind()
        return (dot(image, slopes) + offset).to(masks.dtype)

    def refined(masks: Tensor) -> Tensor:
        pieces = torch.split(masks, max(_VALUES // image[0].numel(), 1))
        return torch.cat([filtered(piece) for piece in pieces])

    return refined


class Squares:
    """Squares around the pixels of a window, cut off at its edges.

    Args:
        radius: They have a side of 2 radius + 1 pixels.
        window: Any tensor of its size and device, [..., h, w].
    """

    def __init__(self, radius: int, window: Tensor) -> None:
        self._radius = radius
        self._rows, self._columns = (averages(side, radius, window.device) for side in window.shape[-2:])

    def mean(self, planes: Tensor) -> Tensor:
        """Takes the mean over each square: float64 [..., h, w] to the same."""
        across = [planes[..., near] @ self._columns[here, near].T for here, near in self._bands(planes.shape[-1])]
        planes = torch.cat(across, dim=-1)
        down = [self._rows[here, near] @ planes[..., near, :] for here, near in self._bands(planes.shape[-2])]
        return torch.cat(down, dim=-2)

    def _bands(self, side: int) -> list[tuple[slice, slice]]:
        """Cuts a side into pieces: each, and it with all that is nearer than the radius."""
        return [
            (slice(start, start + _SIDE), slice(max(start - self._radius, 0), start + _SIDE + self._radius))
            for start in range(0, side, _SIDE)
        ]


def averages(side: int, radius: int, device: torch.device) -> Tensor:
    """Makes the matrix that takes the mean of each value along a side and those up to `radius` away: [side, side]."""
    near = torch.ones(side, side, dtype=torch.float64, device=device).tril(radius).triu(-radius)
    return near / near.sum(dim=1, keepdim=True)


def dot(factors: Iterable[Tensor], planes: Iterable[Tensor]) -> Tensor:
    """Adds up products of factors, [h, w] each, and planes, [G, h, w] each: one after the other, in one place."""
    first, *others = zip(factors, planes, strict=True)
    total = first[0] * first[1]
    for factor, plane in others:
        total.addcmul_(factor, plane)
    return total


def inverted(covariance: Iterable[Tensor], epsilon: float) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Inverts (covariance + epsilon) at each pixel by cofactors.

    Args:
        covariance: The six different ones of three channels, row by row, float64 [h, w] each.
        epsilon: Added to the variances.

    Returns:
        The three rows of the inverse.
    """
    a, b, c, d, e, f = covariance
    a, d, f = a + epsilon, d + epsilon, f + epsilon
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    middle, corner, last = a * f - c * c, b * c - a * e, a * d - b * b
    inverse = 1 / (a * first + b * second + c * third)
    for cofactor in (first, second, third, middle, corner, last):
        cofactor *= inverse
    return [(first, second, third), (second, middle, corner), (third, corner, last)]
