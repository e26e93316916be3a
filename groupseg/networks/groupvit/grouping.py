"""The grouping block of GroupViT (arXiv 2202.11094, section 3.1), with the parameter names of the released weights."""

from typing import NamedTuple

import torch
from timm.layers import Mlp
from torch import Tensor, nn
from torch.nn import functional as F

from groupseg.networks.scenes.grouping import hard_assignment

# Added to the patches of a group before they are averaged, so that an empty one divides by no zero (released code).
_ASSIGN_EPS = 1.0


class Grouped(NamedTuple):
    """What a grouping block makes of L tokens.

    Attributes:
        groups: float [B, G, dim].
        soft: How much of each token goes to each group, float32 [B, G, L], sums to 1 over G.
    """

    groups: Tensor
    soft: Tensor


def exact(tensor: Tensor) -> torch.autocast:
    """Keeps float32 where an outer `torch.autocast` asks for less.

    Which group a patch belongs to is decided by little, and changes all that follows: what decides it is never done
    with half the digits.
    """
    return torch.autocast(tensor.device.type, enabled=False)


class MixerMlp(nn.Module):
    """An MLP over tokens instead of channels: float [B, N, dim] to [B, M, dim]."""

    def __init__(self, tokens: int, hidden: int, out: int) -> None:
        super().__init__()
        layers = Mlp(tokens, hidden, out)
        self.fc1, self.act, self.fc2 = layers.fc1, layers.act, layers.fc2

    def forward(self, x: Tensor) -> Tensor:
        """Mixes the N tokens of x to M."""
        mixed: Tensor = self.fc2(self.act(self.fc1(x.transpose(1, 2))))
        return mixed.transpose(1, 2)


class CrossAttention(nn.Module):
    """Multi-head attention of some tokens over others."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(dim, dim) for _ in range(3))
        self.proj = nn.Linear(dim, dim)

    def forward(self, query: Tensor, tokens: Tensor) -> Tensor:
        """Lets `query`, float [B, G, dim], look at `tokens`, float [B, L, dim]."""
        parts = (self.q_proj(query), self.k_proj(tokens), self.v_proj(tokens))
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts)
        attended: Tensor = self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return attended


class CrossAttentionBlock(nn.Module):
    """A transformer block whose tokens look at others; normalised at its end, not before its attention."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.attn = CrossAttention(dim, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, 4 * dim)
        self.norm_post = nn.LayerNorm(dim)

    def forward(self, query: Tensor, tokens: Tensor) -> Tensor:
        """Keeps the shape of `query`, float [B, G, dim]."""
        x = query + self.attn(query, tokens)
        x = x + self.mlp(self.norm2(x))
        normed: Tensor = self.norm_post(x)
        return normed


class Assignment(nn.Module):
    """Gives each token to one group, and each group the mean of its tokens."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.scale = dim**-0.5
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(dim, dim) for _ in range(3))
        self.proj = nn.Linear(dim, dim)

    def forward(self, groups: Tensor, tokens: Tensor) -> Grouped:
        """Assigns `tokens`, float [B, L, dim], to `groups`, float [B, G, dim]; with Gumbel noise in training alone."""
        with exact(groups):
            return self._assign(groups, tokens)

    def _assign(self, groups: Tensor, tokens: Tensor) -> Grouped:
        # The projections of keys and values are linear. There are few groups of many tokens: they do it on the groups.
        queries = self.q_proj(groups) * self.scale
        logits = queries @ self.k_proj.weight @ tokens.transpose(1, 2) + queries @ self.k_proj.bias[:, None]
        if self.training:
            hard = hard_assignment(logits, noise=True)
        else:
            hard = torch.zeros_like(logits).scatter_(1, logits.argmax(dim=1, keepdim=True), 1.0)
        count = hard.sum(dim=2, keepdim=True)
        share = hard / (count + _ASSIGN_EPS)
        values = F.linear(share @ tokens, self.v_proj.weight) + share.sum(dim=2, keepdim=True) * self.v_proj.bias
        return Grouped(self.proj(values), logits.softmax(dim=1))


class GroupingBlock(nn.Module):
    """From tokens and group tokens to groups.

    Args:
        dim: Width of tokens.
        heads: Of the attention before the assignment.
        tokens: Group tokens that come in.
        groups: Groups that go out.
    """

    def __init__(self, dim: int, heads: int, tokens: int, groups: int) -> None:
        super().__init__()
        self.norm_tokens = nn.LayerNorm(dim)
        self.mlp_inter = MixerMlp(tokens, dim // 2, groups)
        self.norm_post_tokens = nn.LayerNorm(dim)
        self.norm_x = nn.LayerNorm(dim)
        self.pre_assign_attn = CrossAttentionBlock(dim, heads)
        self.assign = Assignment(dim)
        self.norm_new_x = nn.LayerNorm(dim)
        self.mlp_channels = Mlp(dim, 4 * dim)

    def forward(self, x: Tensor, group_tokens: Tensor) -> Grouped:
        """Groups `x`, float [B, L, dim], by `group_tokens`, float [B, tokens, dim]."""
        x = self.norm_x(x)
        with exact(x):
            queries = self.norm_post_tokens(self.mlp_inter(self.norm_tokens(group_tokens)))
        queries = self.pre_assign_attn(queries, x)
        assigned = self.assign(queries, x)
        groups = assigned.groups + queries
        return Grouped(groups + self.mlp_channels(self.norm_new_x(groups)), assigned.soft)
