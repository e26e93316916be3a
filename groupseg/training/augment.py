"""Augmentation of a whole batch at once."""

import torch
from torch import Tensor
from torch.nn import functional as F

_SHIFT = 10
_COLOUR = 0.15


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Flips the batch or not, shifts it by up to 10 pixels with reflection, and changes contrast and colour of each image.

    Args:
        images: float [B, 3, H, W], normalised.
        generator: The source of chance, on the CPU.

    Returns:
        float [B, 3, H, W].
    """
    if torch.rand((), generator=generator) < 0.5:
        images = images.flip(3)
    height, width = images.shape[2:]
    top, left = torch.randint(0, 2 * _SHIFT + 1, (2,), generator=generator).tolist()
    images = F.pad(images, (_SHIFT,) * 4, mode="reflect")[:, :, top : top + height, left : left + width]
    contrast = 1 + _COLOUR * torch.randn(len(images), 1, 1, 1, generator=generator)
    colour = _COLOUR * torch.randn(len(images), 3, 1, 1, generator=generator)
    return images * contrast.to(images.device) + colour.to(images.device)
