"""The image tower of a CLIP model, for dense features: a vector in the text space for every patch of a window."""

from typing import NamedTuple

import torch
from open_clip.constants import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    INCEPTION_MEAN,
    INCEPTION_STD,
    OPENAI_DATASET_MEAN,
    OPENAI_DATASET_STD,
)
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F

from groupseg.networks.clip.attention import ALL_TOKENS, METHODS, run_block
from groupseg.networks.clip.config import Attention, Normalisation

STATISTICS: dict[Normalisation, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "clip": (OPENAI_DATASET_MEAN, OPENAI_DATASET_STD),
    "imagenet": (IMAGENET_MEAN, IMAGENET_STD),
    "half": (INCEPTION_MEAN, INCEPTION_STD),
}


class Dense(NamedTuple):
    """What the tower says of a batch of windows.

    Attributes:
        patches: In the text space, float32 [B, h, w, D], L2-normalised.
        image: The windows as a whole, float32 [B, D], L2-normalised: the embedding that CLIP was trained to give.
    """

    patches: Tensor
    image: Tensor


class DenseTower(nn.Module):
    """A ViT of open_clip that tells what it sees in every patch; windows of any size.

    Args:
        visual: The image tower.
        attention: How its last block is computed; see `METHODS`.
        normalisation: Which of `STATISTICS` are taken out of each channel.
        pad: Whether patches at the edges are filled up; else what is left of a window right and below is not seen.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, visual: VisionTransformer, attention: Attention, normalisation: Normalisation, pad: bool = True
    ) -> None:
        super().__init__()
        self.visual = visual
        self.attention = attention
        self.pad = pad
        for name, values in zip(("mean", "std"), STATISTICS[normalisation], strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    @property
    def patch(self) -> tuple[int, int]:
        """Height and width of a patch, pixels."""
        height, width = self.visual.patch_size
        return height, width

    @property
    def _pooled(self) -> slice:
        """Tokens of the last block that the embedding of a window is made of."""
        return slice(1) if self.visual.pool_type == "tok" else ALL_TOKENS

    def forward(self, images: Tensor) -> Dense:
        """Embeds windows, uint8 [B, 3, H, W]; h and w are H and W over those of a patch, rounded up where it pads."""
        *blocks, last = self.visual.transformer.resblocks
        tokens, grid = self.embed(images)
        for block in blocks:
            tokens = run_block(block, tokens, grid)
        seen = run_block(last, tokens, grid, METHODS[self.attention])
        usual = seen if self.attention == "plain" else run_block(last, tokens, grid, rows=self._pooled)
        patches = self.visual.ln_post(seen[:, 1:]) @ self.visual.proj
        pooled, _ = self.visual._pool(usual)
        return Dense(
            F.normalize(patches.float(), dim=2).view(len(images), *grid, -1),
            F.normalize((pooled @ self.visual.proj).float(), dim=1),
        )

    def embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Makes tokens of windows: float [B, 1 + h * w, width], the class token first, and (h, w)."""
        normal = F.pad((images.float() / 255 - self.mean) / self.std, self.padding(images.shape[2], images.shape[3]))
        patches = self.visual.conv1(normal.to(self.visual.conv1.weight.dtype))
        grid = (patches.shape[2], patches.shape[3])
        start = self.visual.class_embedding.expand(len(images), 1, -1)
        tokens = torch.cat([start, patches.flatten(2).transpose(1, 2)], dim=1)
        normed: Tensor = self.visual.ln_pre(tokens + positions(self.visual, grid))
        return normed, grid

    def padding(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Pixels of mean colour left, right, above and below, which fill up the patches, as ClearCLIP's code does."""
        if not self.pad:
            return 0, 0, 0, 0
        above, left = (-side % length for side, length in zip((height, width), self.patch, strict=True))
        return left // 2, left - left // 2, above // 2, above - above // 2

    def lookup(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Says which row and which column of patches each row and column of pixels of a window belongs to, int64."""
        left, _, above, _ = self.padding(height, width)
        rows, columns = self.patch
        return (torch.arange(height) + above) // rows, (torch.arange(width) + left) // columns


def positions(visual: VisionTransformer, grid: tuple[int, int]) -> Tensor:
    """Brings the position embeddings to another grid, bicubically: float [1 + h * w, width].

    The scale is a tenth of a patch too large, as in the code of SCLIP, ClearCLIP and NACLIP
    (`interpolate_pos_encoding`, which is that of DINO): where it samples follows from the scale.
    """
    table: Tensor = visual.positional_embedding
    if grid == visual.grid_size:
        return table
    old = table[1:].T.reshape(1, -1, *visual.grid_size)
    scale = [(new + 0.1) / side for new, side in zip(grid, visual.grid_size, strict=True)]
    resized = F.interpolate(old, scale_factor=scale, mode="bicubic", align_corners=False)
    return torch.cat([table[:1], resized[0].flatten(1).T])
