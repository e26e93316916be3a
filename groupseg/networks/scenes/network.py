"""The small network as the segment table needs it."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from groupseg.networks.device import device
from groupseg.networks.frame import Square
from groupseg.networks.protocol import WindowSegments
from groupseg.networks.scenes.images import normalise_scenes
from groupseg.networks.scenes.model import SceneModel
from groupseg.networks.scenes.weights import load_model


class SceneNetwork:
    """A `groupseg.networks.protocol.Network`: the whole image is one window, and every segment is a group.

    Args:
        model: The network; brought to the device of `groupseg.networks.device.device`.
    """

    def __init__(self, model: SceneModel) -> None:
        self._device = device()
        self._model = model.to(self._device).eval()
        self.frame = Square(model.architecture.resolution)
        self.protocol = self.frame.protocol()
        self.text_mean: NDArray[np.float32] = model.text_mean.cpu().numpy()
        self.scale = model.scale("segment").item()
        self.background: NDArray[np.float32] = model.background[0].detach().cpu().numpy()

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> WindowSegments:
        """Groups images, uint8 [B, 3, resolution, resolution]."""
        groups = self._model(normalise_scenes(images.to(self._device)))
        return WindowSegments(F.normalize(groups.segments.float(), dim=2), groups.image, groups.logits.softmax(dim=1))


def load_scene_network(path: str | Path) -> SceneNetwork:
    """Reads the network in a file that `groupseg.networks.scenes.weights.save_model` wrote.

    Raises:
        UserError: If the file is missing or truncated, or its tensors do not fit what it says it is.
    """
    return SceneNetwork(load_model(path))
