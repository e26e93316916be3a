"""What a dense CLIP model is: the section `clip` of params.yaml, and what its file of weights says of it."""

from dataclasses import dataclass
from typing import Literal

Attention = Literal["plain", "maskclip", "sclip", "clearclip", "naclip"]
Normalisation = Literal["clip", "imagenet", "half"]
Masks = Literal["clusters", "pixels"]

# Probabilities of pixels are told apart so finely. Every threshold of three decimals lies between two steps, so that it
# decides as if nothing were rounded.
STEPS = 4000


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A ViT of open_clip, and how segments are made of its patches.

    Attributes:
        name: Of the architecture in open_clip, such as `ViT-B-16-quickgelu`, which is that of OpenAI's ViT-B/16.
        attention: How the last block is computed; see `groupseg.networks.clip.attention.METHODS`.
        clusters: Segments that k-means makes of the patches of a window; 0 = every patch is one.
        connected: Whether each connected piece of a cluster is a segment of its own.
        scale: What cosines with texts are multiplied by, in (0, 100]; None = what the model has learned, about 100. The
            methods use 40 to 65.
        normalisation: Mean and deviation that are taken out of each channel: CLIP's, as of nearly all weights; those of
            ImageNet, as of CLIPA; or 0.5 and 0.5, as of ViT-L-14's `laion2b_s32b_b82k`.
        masks: What segments are made of: clusters of patches, each with an embedding; or pixels of one class and one
            probability, as the published methods score them (`groupseg.networks.clip.pixels`).
        steps: Of pixels: how many steps of probability there are in 0..1.
        bias: Of pixels: a word has the sigmoid of `scale` times its cosine plus this, as TCL has it, and not a share of
            one softmax over all words; None = the softmax.
        area: Of pixels: a class that has at most this share of what the classes have of an image loses it to the next
            best (SCLIP, `area_thd`), in 0..1; None = no such rule.

    Raises:
        ValueError: If a number is out of range, there are no clusters to take to pieces, or `area` or `bias` are
            for clusters.
    """

    name: str
    attention: Attention
    clusters: int
    connected: bool
    scale: float | None
    normalisation: Normalisation
    masks: Masks = "clusters"
    steps: int = STEPS
    bias: float | None = None
    area: float | None = None

    def __post_init__(self) -> None:
        """Checks ranges."""
        if self.clusters < 0:
            raise ValueError(f"clusters must not be negative, but got {self.clusters}")
        if self.connected and not self.clusters:
            raise ValueError("connected needs clusters, but clusters is 0: every patch is a segment")
        if self.scale is not None and not 0 < self.scale <= 100:
            raise ValueError(f"scale must lie in (0, 100], but got {self.scale}")
        if self.steps < 1:
            raise ValueError(f"steps must be positive, but got {self.steps}")
        if self.area is not None and not 0 <= self.area < 1:
            raise ValueError(f"area must lie in [0, 1), but got {self.area}")
        for name in ("area", "bias"):
            if getattr(self, name) is not None and self.masks != "pixels":
                raise ValueError(f"{name} needs masks: pixels, but masks is clusters")
