"""The shape of a model."""

from dataclasses import dataclass
from typing import Literal

Feature = Literal["contextual", "local"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The shape of a GroupViT with a convolutional trunk.

    Attributes:
        resolution: Side of the square input image, pixels; a multiple of 8.
        dim: Width of tokens and patches; a multiple of `heads` and of 4.
        depth: Transformer blocks over tokens and patches.
        heads: Attention heads.
        tokens: Group tokens, that is, segments an image has at most.
        merged: Group tokens of a second stage, which merges segments into as many; 0 = no second stage.
        background: Vectors in the text space for what no word names.
        feature: What describes a segment; see `PatchGrouping`.
        text_dim: Width of the text space.

    Raises:
        ValueError: If a number is out of range.
    """

    resolution: int
    dim: int
    depth: int
    heads: int
    tokens: int
    merged: int
    background: int
    feature: Feature
    text_dim: int

    def __post_init__(self) -> None:
        """Checks ranges."""
        for name in ("resolution", "dim", "depth", "heads", "tokens", "text_dim"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive, but got {getattr(self, name)}")
        for name in ("merged", "background"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, but got {getattr(self, name)}")
        if self.resolution % 8:
            raise ValueError(f"resolution must be a multiple of 8, but got {self.resolution}")
        if self.dim % self.heads or self.dim % 4:
            raise ValueError(f"dim must be a multiple of 4 and of heads ({self.heads}), but got {self.dim}")
