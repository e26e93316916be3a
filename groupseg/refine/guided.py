"""The guided filter: in every small window, masks become a linear function of the colours."""

from collections.abc import Callable

import torch
from torch import Tensor


def guided(window: Tensor, radius: int, epsilon: float) -> Callable[[Tensor], Tensor]:
    """Prepares the refinement of masks by the colours of a window (He, Sun and Tang 2010, section 3.5: colour guides).

    Windows are cut off at the edges, as in the authors' code. float64, for covariances are small differences of large
    sums: in float32 masks of photographs are wrong by up to 1e-3. It keeps 13 float64 a pixel, 21 MB for 448 x 448, and
    takes about 16 a pixel and mask while it runs, 200 MB for 8 masks.

    Args:
        window: uint8 [3, h, w].
        radius: Of the windows, pixels.
        epsilon: Added to the variance of colours in 0..1.
    """
    image = window.double() / 255
    rows, columns = (averages(side, radius, window.device) for side in window.shape[1:])

    def mean(planes: Tensor) -> Tensor:
        return rows @ (planes @ columns.T)

    colour = mean(image)
    covariance = mean(image[:, None] * image) - colour[:, None] * colour
    inverse = inverted(covariance, epsilon)

    def refined(masks: Tensor) -> Tensor:
        exact = masks.double()
        average = mean(exact)
        shared = mean(image[:, None] * exact) - colour[:, None] * average
        slope = torch.einsum("cdhw,dghw->cghw", inverse, shared)
        offset = average - (slope * colour[:, None]).sum(dim=0)
        return ((mean(slope) * image[:, None]).sum(dim=0) + mean(offset)).to(masks.dtype)

    return refined


def averages(side: int, radius: int, device: torch.device) -> Tensor:
    """Makes the matrix that takes the mean of each value along a side and those up to `radius` away: [side, side]."""
    near = torch.ones(side, side, dtype=torch.float64, device=device).tril(radius).triu(-radius)
    return near / near.sum(dim=1, keepdim=True)


def inverted(covariance: Tensor, epsilon: float) -> Tensor:
    """Inverts (covariance + epsilon) at each pixel by cofactors: float64 [3, 3, h, w], symmetric, to the same."""
    a, b, c, d, e, f = (covariance[pair] for pair in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))
    a, d, f = a + epsilon, d + epsilon, f + epsilon
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    middle, corner, last = a * f - c * c, b * c - a * e, a * d - b * b
    cofactors = torch.stack([first, second, third, second, middle, corner, third, corner, last])
    determinant = a * first + b * second + c * third
    return (cofactors / determinant).view(3, 3, *determinant.shape)
