"""The second grouping stage of GroupViT (arXiv 2202.11094, section 3.1): segments are grouped into larger ones."""

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.grouping import Description, Grouping, PatchGrouping


class MergingStage(nn.Module):
    """Tokens of its own, a transformer over them and the segments of the first stage, and a grouping block.

    It reads what the first stage made, and changes nothing there: nothing flows back into the first assignment, the
    patches or the local features, and segments are described as in the first stage, by the same weights. Otherwise
    the gradients of the second stage, larger than all others at the start, keep the trunk from learning.

    Args:
        architecture: Its shape; `merged` tokens.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        dim = architecture.dim
        self.group_token = nn.Parameter(torch.randn(1, architecture.merged, dim) * 0.02)
        self.blocks = nn.Sequential(
            *(Block(dim, architecture.heads, mlp_ratio=2.0, qkv_bias=True) for _ in range(architecture.depth))
        )
        self.grouping = PatchGrouping(dim, architecture.feature)

    def forward(self, first: Grouping, patches: Tensor, local: Tensor, description: Description) -> Grouping:
        """Groups the segments of the first stage.

        Args:
            first: What the first stage says; G segments.
            patches: After its transformer, float [B, L, dim].
            local: Before it, float [B, L, dim].
            description: What brings segments into the space of texts, that of the first stage.

        Returns:
            Segments and assignment of patches to the `merged` segments; `logits` are the logarithm of the product of
            both soft assignments, as in the official inference. `patches` are those of the first stage.
        """
        hard, patches, local = first.hard.detach(), patches.detach(), local.detach()
        mass = hard.sum(dim=2)
        mean = (hard / mass.unsqueeze(2).clamp(min=1.0)).to(patches.dtype)
        tokens = self.group_token.expand(len(patches), -1, -1).to(patches.dtype)
        both = self.blocks(torch.cat([tokens, mean @ patches], dim=1))
        count = tokens.shape[1]
        second: Grouping = self.grouping(both[:, :count], both[:, count:], mean @ local, description, mass)
        product = second.logits.softmax(dim=1) @ first.logits.detach().softmax(dim=1)
        return Grouping(second.segments, first.patches, product.clamp(min=1e-12).log(), second.hard @ hard)
