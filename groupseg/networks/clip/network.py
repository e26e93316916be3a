"""A dense CLIP model as the segment table and `groupseg predict` need it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from groupseg.errors import UserError
from groupseg.networks.clip.clusters import cluster
from groupseg.networks.clip.dense import Dense, DenseTower
from groupseg.networks.clip.weights import ClipMetadata, load_visual
from groupseg.networks.device import device
from groupseg.networks.protocol import WindowSegments

# Windows that a processor reads at once: what a block makes of more does not stay in its cache.
_IN_CACHE = 8


class ClipNetwork:
    """A `groupseg.networks.protocol.Network`: groups are the patches of a window, or clusters of them.

    Args:
        tower: The image tower; brought to the device of `groupseg.networks.device.device`.
        about: How it is run.
        scale: The logit scale that the model has learned.
    """

    def __init__(self, tower: DenseTower, about: ClipMetadata, scale: float) -> None:
        self.tower = tower.to(device()).eval()
        self.frame = about.frame
        self.scale = about.clip.scale or min(scale, 100.0)
        self.clip = about.clip
        self._about = about
        width = tower.visual.output_dim
        self.text_mean: NDArray[np.float32] = np.zeros(width, np.float32)
        self.background: NDArray[np.float32] = np.zeros((0, width), np.float32)

    def of_patches(self) -> "ClipNetwork":
        """The same network, but every patch is a group."""
        clip = replace(self._about.clip, clusters=0, connected=False)
        return ClipNetwork(self.tower, replace(self._about, clip=clip), self.scale)

    @property
    def protocol(self) -> dict[str, str]:
        """In words, how it is run."""
        clip = self._about.clip
        pieces = ", their connected pieces" if clip.connected else ""
        groups = f"{clip.clusters} clusters of patches a window{pieces}" if clip.clusters else "patches"
        if clip.masks == "pixels":
            groups = "pixels that share their class and a step of its probability"
        how = {"attention": clip.attention, "groups": groups, "normalisation": clip.normalisation}
        return {**self.frame.protocol(), **how, "precision": self._about.precision}

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> WindowSegments:
        """Groups windows, uint8 [B, 3, h, w]. Which group a pixel belongs to is said at the size of the window.

        Where the windows of a batch have different numbers of groups, the first of a window fills up what is missing:
        a group once more changes no maximum.

        Raises:
            UserError: If pixels are scored by words, and there are no groups.
        """
        if self.clip.masks == "pixels":
            raise UserError(
                "This model scores pixels by the words of a data set (masks: pixels), and has no segments for others. "
                "Take the weights with `masks: clusters`, which `groupseg weights convert` writes."
            )
        dense, where = self.dense(images), self.tower.mean.device
        grid, patches = dense.patches.shape[1:3], dense.patches.flatten(1, 2)
        if self._about.clip.clusters:
            labels = self._clusters(dense.patches)
            embedding = means(patches, labels.flatten(1))
        else:
            labels = torch.arange(grid[0] * grid[1], device=where).view(1, *grid).expand(len(images), -1, -1)
            embedding = patches
        rows, columns = (axis.to(where) for axis in self.tower.lookup(images.shape[2], images.shape[3]))
        return WindowSegments(embedding, dense.image, labels[:, rows[:, None], columns])

    @torch.inference_mode()
    def dense(self, images: Tensor) -> Dense:
        """Embeds windows, uint8 [B, 3, h, w], and all their patches, in the precision that the file asks for."""
        where = self.tower.mean.device
        at_once = _IN_CACHE if where.type == "cpu" else len(images)
        with torch.autocast(where.type, torch.bfloat16, enabled=self._about.precision == "bfloat16"):
            parts: list[Dense] = [self.tower(part.to(where)) for part in torch.split(images, at_once)]
        return Dense(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))

    def _clusters(self, patches: Tensor) -> Tensor:
        """The cluster of each patch, int64 [B, h, w]."""
        clip = self._about.clip
        found = [cluster(window, clip.clusters, clip.connected) for window in patches.cpu().numpy()]
        return torch.from_numpy(np.stack(found)).to(patches.device)


def means(patches: Tensor, labels: Tensor) -> Tensor:
    """Describes each group by the mean of its patches.

    Args:
        patches: float32 [B, L, D], L2-normalised.
        labels: The group of each, int64 [B, L], of a window 0..G-1 without gap.

    Returns:
        float32 [B, max(G), D], L2-normalised; the first group of a window takes the places of those that it lacks.
    """
    count = int(labels.max()) + 1
    total = F.one_hot(labels, count).transpose(1, 2).to(patches) @ patches
    missing = torch.arange(count, device=labels.device) > labels.amax(dim=1, keepdim=True)
    return F.normalize(torch.where(missing.unsqueeze(2), total[:, :1], total), dim=2)


def load_clip_network(path: str | Path) -> ClipNetwork:
    """Reads the network in a file that `groupseg.networks.clip.weights.save_clip` wrote.

    Raises:
        UserError: If the file is missing or truncated, or its tensors do not fit what it says it is.
    """
    visual, scale, about = load_visual(path)
    return ClipNetwork(DenseTower(visual, about.clip.attention, about.clip.normalisation, pads(about)), about, scale)


def pads(about: ClipMetadata) -> bool:
    """Whether patches at the edges are filled up.

    The code of ClearCLIP and TCL does so with windows. That of SCLIP and NACLIP leaves the rest of a side out, and so
    do all where an image is read at once. Clusters are of padded windows whatever the method, so that every pixel has a
    patch.
    """
    filled = about.clip.attention == "clearclip" or about.clip.bias is not None
    return about.clip.masks == "clusters" or (filled and about.frame.crop is not None)
