"""The grouping block of GroupViT (arXiv 2202.11094, section 3.1): every patch is given to one group token."""

from typing import NamedTuple

import torch
from timm.layers.mlp import Mlp
from torch import Tensor, nn
from torch.nn import functional as F

from groupseg.networks.scenes.architecture import Feature

_SHARPNESS = 10.0


class Grouping(NamedTuple):
    """What the block says of a batch.

    Attributes:
        segments: In the text space, float [B, G, D], not normalised.
        patches: Each patch as a segment of its own, float [B, L, D], L2-normalised.
        logits: Of the assignment, float [B, G, L].
        hard: The assignment, one-hot over G, float [B, G, L].
    """

    segments: Tensor
    patches: Tensor
    logits: Tensor
    hard: Tensor


def hard_assignment(logits: Tensor, noise: bool) -> Tensor:
    """Gives each patch to one group: one-hot forward, the gradient of the softmax backward (equations 3 to 5).

    Args:
        logits: Similarity of groups and patches, float [B, G, L].
        noise: Whether Gumbel noise is added first, as in training.

    Returns:
        One-hot over the groups, float [B, G, L].
    """
    if noise:
        # -log(E), E exponential, is standard Gumbel noise.
        logits = logits - torch.empty_like(logits).exponential_().log()
    soft = logits.softmax(dim=1)
    one_hot = torch.zeros_like(soft).scatter_(1, soft.argmax(dim=1, keepdim=True), 1.0)
    return one_hot + soft - soft.detach()


class Description(nn.Module):
    """What a patch or segment says: its value, and the way from there into the space of texts.

    Args:
        dim: Width of patches.
        text_dim: Width of the text space.
    """

    def __init__(self, dim: int, text_dim: int) -> None:
        super().__init__()
        self.norm_values, self.norm_new_x = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.v, self.proj = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.mlp_channels = Mlp(dim, 2 * dim)
        self.projector = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, text_dim)
        )

    def values(self, patches: Tensor) -> Tensor:
        """Returns what patches give to the mean of their segment: float [B, L, dim] to [B, L, dim]."""
        values: Tensor = self.v(self.norm_values(patches))
        return values

    def describe(self, values: Tensor) -> Tensor:
        """Brings segments or single patches into the text space: float [B, N, dim] to [B, N, text_dim]."""
        described: Tensor = self.projector(values + self.mlp_channels(self.norm_new_x(values)))
        return described


class PatchGrouping(nn.Module):
    """Turns group tokens and patches into segments, and brings them into the space of texts.

    With `feature="contextual"`, as published, a patch goes to the token that it is most similar to after the
    transformer, and a segment is described by its token plus the mean of what the transformer made of its patches.
    With little data and a small model the tokens then read the image past the masks, and the masks mean nothing.

    With `feature="local"` a segment is described by the mean of local features alone, taken from before the
    transformer, and masks follow meaning: the similarity of tokens and patches only seeds each group with a mean
    vector in the text space; a patch then goes to the group whose mean is closest to its own vector. This is one round
    of spherical k-means whose first centres are learned, as in k-means mask transformers (arXiv 2207.04044).

    Args:
        dim: Width of tokens and patches.
        feature: What decides and describes a segment.
    """

    def __init__(self, dim: int, feature: Feature) -> None:
        super().__init__()
        self.feature = feature
        self.scale = dim**-0.5
        self.norm_tokens, self.norm_x = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.q, self.k = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(
        self, tokens: Tensor, patches: Tensor, local: Tensor, description: Description, mass: Tensor | None = None
    ) -> Grouping:
        """Groups patches.

        Args:
            tokens: Group tokens after the transformer, float [B, G, dim].
            patches: Patches after the transformer, float [B, L, dim].
            local: The same patches before it, float [B, L, dim].
            description: What brings patches and segments into the space of texts.
            mass: What each patch weighs in the mean of its group, float [B, L]; 1 where not given.
        """
        keys, queries = self.k(self.norm_x(patches)), self.q(self.norm_tokens(tokens))
        logits = (queries @ keys.transpose(1, 2)).float() * self.scale
        values = description.values(local if self.feature == "local" else patches)
        meaning = F.normalize(description.describe(description.proj(values)).float(), dim=2)
        if self.feature == "local":
            logits = self.regroup(logits, meaning)
        hard = hard_assignment(logits, noise=self.training)
        weight = hard if mass is None else hard * mass.unsqueeze(1)
        mean = weight / weight.sum(dim=2, keepdim=True).clamp(min=1.0)
        segments = description.proj(mean.to(values.dtype) @ values)
        if self.feature == "contextual":
            segments = segments + tokens
        return Grouping(description.describe(segments), meaning, logits, hard)

    @staticmethod
    def regroup(logits: Tensor, meaning: Tensor) -> Tensor:
        """Measures each patch against the groups that `logits` seed: scaled cosine in the text space, float [B, G, L].

        Args:
            logits: The first similarity of groups and patches, float [B, G, L].
            meaning: Patches in the text space, float [B, L, D], L2-normalised.
        """
        centres = F.normalize(logits.softmax(dim=1) @ meaning, dim=2)
        return _SHARPNESS * centres @ meaning.transpose(1, 2)
