"""GroupViT as the segment table and `groupseg predict` need it."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from groupseg.networks.base import Precision
from groupseg.networks.device import device
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.image import GroupingStage
from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.parted import PartedAttention
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
        self._reduced = precision == "bfloat16"
        if self._reduced:
            for stage in self._model.img_encoder.layers:
                assert isinstance(stage, GroupingStage)
                round_blocks(stage.blocks, parted=self._device.type == "cpu")
        width = model.architecture.space
        self.text_mean: NDArray[np.float32] = np.zeros(width, np.float32)
        self.scale = model.scale()
        self.background: NDArray[np.float32] = np.zeros((0, width), np.float32)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> WindowSegments:
        """Groups windows, uint8 [B, 3, h, w], of at least one patch."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._reduced):
            return WindowSegments(*self._model(normalise_as_imagenet(images.to(self._device))))


def round_blocks(blocks: nn.Module, parted: bool) -> None:
    """Brings what transformer blocks multiply by to bfloat16: autocast would round it again for each batch.

    Args:
        blocks: Of a stage.
        parted: Whether attention is computed in parts; see `PartedAttention`.
    """
    for block in blocks.children():
        assert isinstance(block, Block)
        for layer in block.modules():
            if isinstance(layer, nn.Linear):
                layer.to(torch.bfloat16)
        if parted:
            block.attn = PartedAttention(block.attn)


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
