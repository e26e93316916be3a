"""How a model is trained."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The numbers of a training.

    Attributes:
        steps: Batches in all.
        batch: Images a step.
        matrix_rate: Peak learning rate of Muon.
        vector_rate: Peak learning rate of AdamW.
        weight_decay: Of both.
        warmup: Steps until the peak.
        caption_weight: Of the image-caption loss.
        segment_weight: Of the loss between segments and nouns.
        patch_weight: Of the same loss over single patches.
        background_weight: Of the loss that every segment is something the caption names, or background. With 0 the
            background is learned after the training, and changes nothing else in the model.
        area_weight: Of the prior on the area that captions name; with a background_weight alone.
        separation_weight: Of the loss between foreground and background of an image; with a background_weight alone.
        seed: Of the initial weights, the batches, the augmentation and the Gumbel noise.

    Raises:
        ValueError: If a number is out of range.
    """

    steps: int
    batch: int
    matrix_rate: float
    vector_rate: float
    weight_decay: float
    warmup: int
    caption_weight: float
    segment_weight: float
    patch_weight: float
    background_weight: float
    area_weight: float
    separation_weight: float
    seed: int

    def __post_init__(self) -> None:
        """Checks ranges."""
        for name in ("steps", "batch", "warmup", "matrix_rate", "vector_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, but got {getattr(self, name)}")
        parts = ("area_weight", "separation_weight")  # of the background constraint
        weights = ("caption_weight", "segment_weight", "patch_weight", "background_weight", *parts)
        for name in (*weights, "weight_decay", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, but got {getattr(self, name)}")
        for name in parts:
            if getattr(self, name) and not self.background_weight:
                raise ValueError(f"{name} must be 0 where background_weight is, but got {getattr(self, name)}")
