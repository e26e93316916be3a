"""From pictures to what the model reads."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

_MEAN = (0.48, 0.46, 0.41)
_STD = (0.27, 0.26, 0.28)


def normalise_scenes(images: Tensor) -> Tensor:
    """From uint8 [B, 3, H, W] to float32 with about zero mean and unit variance a channel."""
    mean, std = (torch.tensor(values, device=images.device).view(1, 3, 1, 1) for values in (_MEAN, _STD))
    return (images / 255).sub_(mean).div_(std)


def to_square(image: NDArray[np.uint8], side: int) -> Tensor:
    """From uint8 [H, W, 3] to uint8 [3, side, side], bilinear with antialiasing; proportions are not kept."""
    channels = torch.from_numpy(image).permute(2, 0, 1)
    if channels.shape[1:] == (side, side):
        return channels.contiguous()
    resized = F.interpolate(
        channels[None].float(), size=(side, side), mode="bilinear", antialias=True, align_corners=False
    )
    return resized[0].round().clamp(0, 255).to(torch.uint8)
