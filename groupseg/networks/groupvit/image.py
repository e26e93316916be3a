"""The image tower of GroupViT: a transformer whose tokens become fewer, stage by stage."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from timm.layers import PatchEmbed
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.grouping import Grouped, GroupingBlock, MixerMlp, exact


class Encoded(NamedTuple):
    """What the image tower says of a batch of images.

    Attributes:
        tokens: The groups of the last stage, float [B, G, dim], normalised.
        grid: Rows and columns of patches.
        soft: Of each stage, how much of each of its tokens goes to each group, float32 [B, groups, tokens]. The tokens
            of the first stage are the patches, row by row.
    """

    tokens: Tensor
    grid: tuple[int, int]
    soft: tuple[Tensor, ...]

    def masks(self) -> Tensor:
        """Multiplies the assignments of all stages, as the released code does: float32 [B, G, rows, columns]."""
        product = self.soft[0]
        with exact(product):
            for soft in self.soft[1:]:
                product = soft @ product
        return product.view(*product.shape[:2], *self.grid)


class GroupingStage(nn.Module):
    """Transformer blocks over tokens and group tokens, and but for the last stage a grouping block.

    Args:
        architecture: Of the tower.
        number: Which stage it is, from 0.
        drop_path: Chance of each block to be left out for an image in training.
    """

    group_token: nn.Parameter | None

    def __init__(self, architecture: GroupViTArchitecture, number: int, drop_path: Sequence[float]) -> None:
        super().__init__()
        dim, heads, tokens = architecture.dim, architecture.heads, architecture.group_tokens
        self.blocks = nn.Sequential(
            *(Block(dim, heads, qkv_bias=True, norm_layer=nn.LayerNorm, drop_path=chance) for chance in drop_path)
        )
        self.group_token = self.downsample = self.group_projector = None
        if number == len(tokens):
            return
        count = tokens[number]
        self.group_token = nn.Parameter(torch.zeros(1, count, dim))
        self.downsample = GroupingBlock(dim, heads, count, architecture.output_groups[number])
        if number:
            self.group_projector = nn.Sequential(nn.LayerNorm(dim), MixerMlp(tokens[number - 1], dim // 2, count))

    def forward(self, x: Tensor, previous: Tensor | None) -> tuple[Grouped | Tensor, Tensor | None]:
        """Runs over x, float [B, L, dim], and the group tokens of the stage before.

        Returns:
            The groups, or of the last stage the tokens, float [B, L, dim]; and the group tokens.
        """
        if self.group_token is None or self.downsample is None:
            return self.blocks(x), None
        group_tokens = self.group_token.expand(len(x), -1, -1)
        if self.group_projector is not None:
            group_tokens = group_tokens + self.group_projector(previous)
        length = x.shape[1]
        both = self.blocks(torch.cat([x, group_tokens], dim=1))
        group_tokens = both[:, length:]
        return self.downsample(both[:, :length], group_tokens), group_tokens


class ImageTower(nn.Module):
    """From images of any size to the groups of the last stage.

    Args:
        architecture: Its shape.
        drop_path: Chance of the last transformer block to be left out for an image in training; it rises from 0 at the
            first (stochastic depth, arXiv 1603.09382).
    """

    def __init__(self, architecture: GroupViTArchitecture, drop_path: float = 0.0) -> None:
        super().__init__()
        dim, side = architecture.dim, architecture.resolution // architecture.patch
        self.patch_embed = PatchEmbed(None, architecture.patch, 3, dim, nn.LayerNorm, output_fmt="NHWC")
        self.pos_embed = nn.Parameter(torch.zeros(1, side * side, dim))
        chances = torch.linspace(0, drop_path, sum(architecture.depths), device="cpu")
        parts = torch.split(chances, list(architecture.depths))
        self.layers = nn.ModuleList(
            GroupingStage(architecture, number, part.tolist()) for number, part in enumerate(parts)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, images: Tensor) -> Encoded:
        """Encodes images, float [B, 3, H, W], normalised; what is left of a whole number of patches is cut off."""
        with exact(images):
            patches = self.patch_embed(images)
        rows, columns = patches.shape[1:3]
        x, group_tokens = patches.flatten(1, 2) + self._positions(rows, columns), None
        soft = []
        for stage in self.layers:
            out, group_tokens = stage(x, group_tokens)
            if isinstance(out, Grouped):
                soft.append(out.soft)
                out = out.groups
            x = out
        return Encoded(self.norm(x), (rows, columns), tuple(soft))

    def _positions(self, rows: int, columns: int) -> Tensor:
        """Brings the learned positions to another grid: bicubic, as the released code does (models/misc.py)."""
        side = round(self.pos_embed.shape[1] ** 0.5)
        if (rows, columns) == (side, side):
            return self.pos_embed
        square = self.pos_embed.view(1, side, side, -1).permute(0, 3, 1, 2)
        resized = F.interpolate(square, size=(rows, columns), mode="bicubic", align_corners=False)
        return resized.permute(0, 2, 3, 1).flatten(1, 2)
