"""The shape of a GroupViT."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GroupViTArchitecture:
    """The shape of both towers; published are ViT-S/16 and a text tower of width 256 (arXiv 2202.11094, section 4.1).

    Attributes:
        resolution: Side of the square images that it was trained on, pixels; a multiple of `patch`.
        patch: Side of a patch, pixels.
        dim: Width of patches and group tokens; a multiple of `heads`.
        heads: Attention heads of the image tower.
        depths: Transformer blocks of each stage.
        group_tokens: Group tokens of each stage but the last.
        output_groups: Groups that each stage but the last makes.
        text_width: Width of the text tower; a multiple of `text_heads`.
        text_heads: Its attention heads.
        text_depth: Its transformer blocks.
        context: Tokens after which a text is cut.
        vocabulary: Tokens there are.
        hidden: Width inside the two projectors.
        space: Width of the space of images and texts.

    Raises:
        ValueError: If a number is out of range, or lists do not fit together.
    """

    resolution: int
    patch: int
    dim: int
    heads: int
    depths: tuple[int, ...]
    group_tokens: tuple[int, ...]
    output_groups: tuple[int, ...]
    text_width: int
    text_heads: int
    text_depth: int
    context: int
    vocabulary: int
    hidden: int
    space: int

    def __post_init__(self) -> None:
        """Checks ranges."""
        for name, value in vars(self).items():
            if min(value if isinstance(value, tuple) else (value,), default=0) < 1:
                raise ValueError(f"{name} must be positive, but got {value}")
        for name in ("group_tokens", "output_groups"):
            if len(getattr(self, name)) != len(self.depths) - 1:
                raise ValueError(
                    f"{name} must have one number for each stage but the last ({len(self.depths) - 1}), but got "
                    f"{getattr(self, name)}"
                )
        for whole, part in (("resolution", "patch"), ("dim", "heads"), ("text_width", "text_heads")):
            if getattr(self, whole) % getattr(self, part):
                raise ValueError(
                    f"{whole} must be a multiple of {part} ({getattr(self, part)}), but got {getattr(self, whole)}"
                )


# What both released files hold (configs/group_vit_gcc_{yfcc,redcap}_30e.yml of NVlabs/GroupViT).
PUBLISHED = GroupViTArchitecture(
    resolution=224, patch=16, dim=384, heads=6, depths=(6, 3, 3), group_tokens=(64, 8), output_groups=(64, 8),
    text_width=256, text_heads=4, text_depth=12, context=77, vocabulary=49408, hidden=4096, space=256,
)  # fmt: skip
