"""GroupViT: both towers and the projectors into their common space; parameters are named as in the released weights."""

from typing import NamedTuple

import torch
from open_clip.transformer import QuickGELU, Transformer
from torch import Tensor, nn
from torch.nn import functional as F

from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.grouping import exact
from groupseg.networks.groupvit.image import ImageTower


class GroupViTGroups(NamedTuple):
    """What the model says of a batch of images.

    Attributes:
        segments: The groups in the common space, float [B, G, space], L2-normalised.
        image: The images in the common space, float [B, space], L2-normalised.
        masks: How much of each patch belongs to each group, float32 [B, G, rows, columns], sums to 1 over G.
    """

    segments: Tensor
    image: Tensor
    masks: Tensor


class TextTower(nn.Module):
    """The transformer of CLIP (arXiv 2103.00020, section 2.4); a text is its last token."""

    def __init__(self, architecture: GroupViTArchitecture) -> None:
        super().__init__()
        width = architecture.text_width
        self.token_embedding = nn.Embedding(architecture.vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.zeros(architecture.context, width))
        self.transformer = Transformer(
            width, architecture.text_depth, architecture.text_heads, act_layer=QuickGELU, norm_layer=nn.LayerNorm
        )
        self.ln_final = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Encodes texts of at most `context` tokens, int [B, L], each ended by the highest one, to float [B, width]."""
        length = tokens.shape[1]
        x = self.token_embedding(tokens) + self.positional_embedding[:length]
        causal = x.new_full((length, length), float("-inf")).triu(1)
        x = self.transformer(x, attn_mask=causal)
        last = x[torch.arange(len(x), device=x.device), tokens.argmax(dim=1)]
        text: Tensor = self.ln_final(last)
        return text


class Projector(nn.Module):
    """Into the common space: float [..., width] to [..., space]."""

    def __init__(self, width: int, hidden: int, space: int) -> None:
        super().__init__()
        self.linear_hidden = nn.Sequential(nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU())
        self.linear_out = nn.Linear(hidden, space)

    def forward(self, x: Tensor) -> Tensor:
        """Projects every vector by itself."""
        rows = self.linear_out(self.linear_hidden(x.flatten(0, -2)))
        projected: Tensor = rows.unflatten(0, x.shape[:-1])
        return projected


class GroupViT(nn.Module):
    """Both towers.

    Args:
        architecture: Their shape.
        drop_path: Of the image tower in training.
    """

    def __init__(self, architecture: GroupViTArchitecture, drop_path: float = 0.0) -> None:
        super().__init__()
        self.architecture = architecture
        self.img_encoder = ImageTower(architecture, drop_path)
        self.text_encoder = TextTower(architecture)
        self.img_projector = Projector(architecture.dim, architecture.hidden, architecture.space)
        self.text_projector = Projector(architecture.text_width, architecture.hidden, architecture.space)
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def scale(self) -> float:
        """Returns what cosines are multiplied by; at most 100, as in CLIP."""
        return min(self.logit_scale.exp().item(), 100.0)

    def forward(self, images: Tensor) -> GroupViTGroups:
        """Groups images, float [B, 3, H, W], normalised, of any size from one patch on."""
        encoded = self.img_encoder(images)
        # The image is the mean of its groups, before they are projected.
        both = torch.cat([encoded.tokens, encoded.tokens.mean(dim=1, keepdim=True)], dim=1)
        with exact(both):
            projected = F.normalize(self.img_projector(both), dim=2)
        return GroupViTGroups(projected[:, :-1], projected[:, -1], encoded.masks())

    def encode_text(self, tokens: Tensor) -> Tensor:
        """Encodes texts as `TextTower` reads them, int [B, L], to float [B, space], not normalised."""
        projected: Tensor = self.text_projector(self.text_encoder(tokens))
        return projected
