"""Augmentation of a whole batch at once."""

import torch
from torch import Tensor
from torch.nn import functional as F

_SHIFT = 10


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Flips the batch or not, and shifts it by up to 10 pixels; what comes in at the border is reflected.

    Args:
        images: Of any type, [B, 3, H, W], H and W over 10.
        generator: The source of chance, on the CPU.

    Returns:
        Of the same type and shape.
    """
    if torch.rand((), generator=generator) < 0.5:
        images = images.flip(3)
    height, width = images.shape[2:]
    top, left = torch.randint(0, 2 * _SHIFT + 1, (2,), generator=generator).tolist()
    padded = F.pad(images, (_SHIFT,) * 4, mode="reflect")
    return padded[:, :, top : top + height, left : left + width]
