"""Networks that know nothing: random groups whose masks are smooth, for any frame."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from groupseg.networks.frame import Frame
from groupseg.networks.protocol import WindowSegments


class RandomNetwork:
    """Groups a window by random functions of its pixels: equal windows have equal groups, whatever batch they are in.

    Args:
        frame: How an image becomes windows.
        groups: Groups of a window.
        width: Of the embeddings.
        patch: Pixels of a window along a cell of its masks.
        hard: Whether masks are groups by number.
    """

    def __init__(self, frame: Frame, groups: int = 5, width: int = 6, patch: int = 4, hard: bool = False) -> None:
        random = torch.Generator().manual_seed(groups)
        self.frame, self.protocol = frame, frame.protocol()
        self.text_mean = np.zeros(width, dtype=np.float32)
        self.scale = 8.0
        self.background: NDArray[np.float32] = np.zeros((0, width), dtype=np.float32)
        self._patch, self._hard = patch, hard
        self._look = torch.randn(groups, 3, generator=random)
        self._where = 2 * torch.randn(groups, 2, generator=random)
        self._say = torch.randn(groups, width, 3, generator=random)
        self._lean = torch.randn(groups, width, generator=random)
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, images: Tensor) -> WindowSegments:
        """Groups windows, uint8 [B, 3, h, w]."""
        self.batches.append(tuple(images.shape))
        height, width = (max(side // self._patch, 1) for side in images.shape[2:])
        found = [self._window(image.float() / 255, (height, width)) for image in images]
        return WindowSegments(*(torch.stack(part) for part in zip(*found, strict=True)))

    def _window(self, image: Tensor, size: tuple[int, int]) -> WindowSegments:
        cells = F.adaptive_avg_pool2d(image, size)
        rows, columns = (torch.linspace(-1, 1, side) for side in size)
        logits = torch.einsum("gc,chw->ghw", self._look, 4 * cells)
        logits = (
            logits + 2 * self._where[:, 0, None, None] * rows[:, None] + 2 * self._where[:, 1, None, None] * columns
        )
        mean = image.mean(dim=(1, 2)) + 0.3 * image[:, 0, 0]
        embedding = F.normalize(self._lean + 3 * self._say @ mean, dim=1)
        masks = logits.softmax(dim=0)
        return WindowSegments(
            embedding, F.normalize(embedding.mean(dim=0), dim=0), masks.argmax(dim=0) if self._hard else masks
        )


def noise(size: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """A picture of a few blurred blobs, uint8 [H, W, 3]."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 5, generator=random)
    smooth = F.interpolate(coarse, size=size, mode="bicubic", align_corners=False)[0].clamp(0, 1)
    return (255 * smooth).permute(1, 2, 0).round().to(torch.uint8).numpy()
