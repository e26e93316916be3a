"""How GroupViT is trained."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GroupViTRecipe:
    """The numbers of a training; params.yaml has the published ones.

    Attributes:
        steps: Batches in all.
        batch: Images of a step, over all processes; a multiple of `block`.
        block: Images that run through the image tower at once. A block has its own Gumbel noise and stochastic depth,
            whichever process runs it: the result does not depend on the number of processes, but on `block`.
        first_rate: Learning rate of the first step.
        rate: Peak of the learning rate, which rises from `first_rate` in a line.
        last_rate: Where it ends, along a cosine over all steps.
        warmup: Steps until the peak.
        weight_decay: Of AdamW; none for vectors, biases, scales, group tokens and positions.
        clip: Norm of the gradient at most.
        drop_path: Chance that an image leaves out the last block of the image tower; less for those before it.
        prompts: Nouns of each caption that become prompts for the multi-label loss; 0 for none and no such loss.
        crop: The least share of an image that is cut out, in (0, 1].
        jitter: Of brightness, contrast and saturation; no effect where `augment` is given, as in timm.
        augment: RandAugment in the words of timm, such as "rand-m9-mstd0.5-inc1"; None for none.
        erase: Chance that a part of an image is overwritten with noise.
        seed: Of the initial weights, the batches, the augmentation, the prompts and the noise.

    Raises:
        ValueError: If a number is out of range.
    """

    steps: int
    batch: int
    block: int
    first_rate: float
    rate: float
    last_rate: float
    warmup: int
    weight_decay: float
    clip: float
    drop_path: float
    prompts: int
    crop: float
    jitter: float
    augment: str | None
    erase: float
    seed: int

    def __post_init__(self) -> None:
        """Checks ranges."""
        for name in ("steps", "batch", "block", "first_rate", "rate", "last_rate", "clip", "crop"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, but got {getattr(self, name)}")
        for name in ("warmup", "weight_decay", "drop_path", "prompts", "jitter", "erase", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, but got {getattr(self, name)}")
        for name in ("drop_path", "crop", "erase"):
            if getattr(self, name) > 1:
                raise ValueError(f"{name} must be at most 1, but got {getattr(self, name)}")
        if self.batch < 2:
            raise ValueError(f"batch must be at least 2, for images are told apart; got {self.batch}")
        if self.batch % self.block:
            raise ValueError(f"batch must be a multiple of block ({self.block}), but got {self.batch}")
        if self.warmup >= self.steps:
            raise ValueError(f"warmup must be less than steps ({self.steps}), but got {self.warmup}")
