"""GroupViT as the segment table and `groupseg predict` need it."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from groupseg.networks.base import Precision
from groupseg.networks.device import device
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.weights import load_groupvit
from groupseg.networks.protocol import WindowSegments

# Of ImageNet, on which the official pipeline normalises; the port of transformers has those of CLIP, which are wrong.
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


class GroupViTNetwork:
    """A `groupseg.networks.protocol.Network`.

    Args:
        model: The network; brought to the device of `groupseg.networks.device.device`, and what transformer blocks
            multiply by to the precision.
        frame: How an image becomes windows.
        precision: Of matrix products.
    """

    def __init__(self, model: GroupViT, frame: Windows, precision: Precision) -> None:
        self.frame = frame
        self.protocol = {
            **frame.protocol(), "normalisation": "mean and standard deviation of ImageNet", "precision": precision
        }  # fmt: skip
        self._device = device()
        self._model = model.to(self._device).eval()
        self._dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        for stage in self._model.img_encoder.layers:
            # autocast would round these weights again for each batch.
            for layer in stage.blocks.modules():
                if isinstance(layer, nn.Linear):
                    layer.to(self._dtype)
        width = model.architecture.space
        self.text_mean: NDArray[np.float32] = np.zeros(width, np.float32)
        self.scale = model.scale()
        self.background: NDArray[np.float32] = np.zeros((0, width), np.float32)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> WindowSegments:
        """Groups windows, uint8 [B, 3, h, w], of at least one patch."""
        reduced = self._dtype != torch.float32
        with torch.autocast(self._device.type, self._dtype, enabled=reduced):
            return WindowSegments(*self._model(normalise_as_imagenet(images.to(self._device))))


def normalise_as_imagenet(images: Tensor) -> Tensor:
    """From uint8 [B, 3, H, W] to float32 with the mean and the deviation of ImageNet taken out of each channel."""
    mean, std = (
        torch.tensor(values, device=images.device).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD)
    )
    return (images.float() - mean) / std


def load_groupvit_network(path: str | Path) -> GroupViTNetwork:
    """Reads the network in a file that `groupseg.networks.groupvit.weights.save_groupvit` wrote.

    Raises:
        UserError: If the file is missing, truncated, or its tensors do not fit what it says it is.
    """
    model, about = load_groupvit(path)
    return GroupViTNetwork(model, about.frame, about.precision)
