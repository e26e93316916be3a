"""Attention in bfloat16 on processors, where torch's fused one takes twice the time of its matrix products."""

import torch
from timm.layers import Attention
from torch import Tensor, nn


class PartedAttention(nn.Module):
    """Computes what an attention of timm does at inference, image by image, so that the logits stay in the cache.

    Args:
        attention: Whose layers it has; without normalisation of queries and keys.
    """

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self.qkv, self.proj = attention.qkv, attention.proj
        self.heads, self.scale = attention.num_heads, attention.scale

    def forward(self, x: Tensor, **unused: None) -> Tensor:
        """Keeps the shape of x, float [B, L, dim]; takes no mask, which blocks of timm pass on where they have one."""
        # [B, L, 3 * dim] to three of [B, heads, L, dim / heads].
        query, key, value = self.qkv(x).view(*x.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = []
        for queries, keys, values in zip(query * self.scale, key, value, strict=True):
            logits = queries @ keys.transpose(1, 2)
            mixed.append(torch.softmax(logits, 2, out=logits) @ values)
        attended: Tensor = self.proj(torch.stack(mixed).transpose(1, 2).flatten(2))
        return attended
