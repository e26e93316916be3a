"""GroupViT (Xu et al., CVPR 2022, arXiv 2202.11094), one stage or two: from an image to segments in the text space."""

from typing import NamedTuple

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.grouping import Description, Grouping, PatchGrouping
from groupseg.networks.scenes.merging import MergingStage
from groupseg.networks.scenes.trunk import ConvTrunk


class SceneGroups(NamedTuple):
    """What the model says of a batch of images.

    Attributes:
        segments: Segments in the text space, float [B, G, D], not normalised.
        image: Images in the text space, float [B, D], L2-normalised: the mean of the segments that own a patch.
        logits: Of the assignment, float [B, G, H/8, W/8]; softmax over G gives the soft masks.
        occupied: Whether a segment owns a patch, bool [B, G].
        share: Share of the patches that a segment owns, float [B, G].
        patches: Each patch as a segment of its own, float [B, L, D], L2-normalised.
        first: What the first of two stages says, whose segments are described and trained too; None with one stage.
    """

    segments: Tensor
    image: Tensor
    logits: Tensor
    occupied: Tensor
    share: Tensor
    patches: Tensor
    first: "SceneGroups | None" = None


class SceneModel(nn.Module):
    """Trunk, transformer over group tokens and patches, grouping block, and where asked for a second such stage.

    The mean texts, the learned scales and the background vectors belong to the model and lie in its file: another class
    list must not move them.
    """

    text_mean: Tensor
    caption_mean: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        dim, side = architecture.dim, architecture.resolution // 8
        self.architecture = architecture
        self.trunk = ConvTrunk(dim)
        self.pos_embed = nn.Parameter(torch.randn(1, side * side, dim) * 0.02)
        self.group_token = nn.Parameter(torch.randn(1, architecture.tokens, dim) * 0.02)
        self.blocks = nn.Sequential(
            *(Block(dim, architecture.heads, mlp_ratio=2.0, qkv_bias=True) for _ in range(architecture.depth))
        )
        self.description = Description(dim, architecture.text_dim)
        self.grouping = PatchGrouping(dim, architecture.feature)
        # exp(2.6) = 13.5; at most 100, as in CLIP.
        self.log_scales = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(2.6)) for name in ("caption", "segment", "patch")}
        )
        self.merging = MergingStage(architecture) if architecture.merged else None
        # Three axes, as tokens have: it is no matrix that an optimiser might orthogonalise.
        self.background = nn.Parameter(torch.zeros(1, architecture.background, architecture.text_dim))
        self.register_buffer("text_mean", torch.zeros(architecture.text_dim))
        self.register_buffer("caption_mean", torch.zeros(architecture.text_dim))

    def scale(self, name: str) -> Tensor:
        """Returns what the cosines of "caption", "segment" or "patch" are multiplied by: a scalar in (0, 100]."""
        log_scale: Tensor = self.log_scales[name]
        return log_scale.exp().clamp(max=100.0)

    def forward(self, images: Tensor) -> SceneGroups:
        """Segments images, float [B, 3, resolution, resolution], normalised."""
        trunk = self.trunk(images)
        local = trunk.flatten(2).transpose(1, 2)
        count = self.group_token.shape[1]
        tokens = self.group_token.expand(len(images), -1, -1).to(local.dtype)
        both = torch.cat([tokens, local + self.pos_embed], dim=1)
        both = self.blocks(both)
        grouping = self.grouping(both[:, :count], both[:, count:], local, self.description)
        groups = _groups(grouping, trunk.shape[2:])
        if self.merging is None:
            return groups
        merged = self.merging(grouping, both[:, count:], local, self.description)
        return _groups(merged, trunk.shape[2:])._replace(first=groups)


def _groups(grouping: Grouping, size: torch.Size) -> SceneGroups:
    """Adds to a grouping of patches, of which there are `size`, what is known of images and masks."""
    segments, patches, logits, hard = grouping
    occupied = hard.detach().sum(dim=2) > 0
    weight = (occupied / occupied.sum(dim=1, keepdim=True)).unsqueeze(2)
    image = nn.functional.normalize((segments.float() * weight).sum(dim=1), dim=1)
    return SceneGroups(
        segments, image, logits.view(*logits.shape[:2], *size), occupied, hard.detach().mean(dim=2), patches
    )
