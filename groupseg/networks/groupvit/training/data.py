"""What a step of training sees: its images, augmented, its captions and prompts.

Each is drawn by its row in the batch of all processes. So a step sees the same however many processes share it out,
and a training that was broken off goes on with what it would have seen.
"""

import random
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip import OPENAI_IMAGENET_TEMPLATES, SimpleTokenizer
from timm.data import create_transform
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

from groupseg.errors import UserError
from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.training.chance import sow
from groupseg.networks.groupvit.training.corpus import Captioned, StreamedCorpus
from groupseg.networks.groupvit.training.recipe import GroupViTRecipe
from groupseg.processes import Place


class Draw(NamedTuple):
    """Image `number` of the corpus in `row` of the batch of `step`."""

    number: int
    step: int
    row: int


class Batch(NamedTuple):
    """The rows of a step that one process sees.

    Attributes:
        images: float32 [B, 3, S, S], normalised.
        captions: Tokens, int64 [B, L], L as long as the longest needs.
        prompts: Tokens of K prompts of each image, int64 [B, K, L'].
    """

    images: Tensor
    captions: Tensor
    prompts: Tensor

    def to(self, where: torch.device) -> "Batch":
        """Copies the batch to a device."""
        return Batch(*(tensor.to(where, non_blocking=True) for tensor in self))


class Examples(Dataset[Batch]):
    """Makes an example of a captioned image: a `Batch` of one, without the first axis.

    Args:
        corpus: The images.
        architecture: Of the model: how large an image is, and how long a text.
        recipe: Of the training.
    """

    def __init__(self, corpus: StreamedCorpus, architecture: GroupViTArchitecture, recipe: GroupViTRecipe) -> None:
        self.corpus, self.recipe = corpus, recipe
        self.tokenizer = SimpleTokenizer(context_length=architecture.context)
        # As in datasets/builder.py of the released code.
        self.transform = create_transform(
            architecture.resolution, is_training=True, scale=(recipe.crop, 1.0), color_jitter=recipe.jitter or None,
            auto_augment=recipe.augment, re_prob=recipe.erase, re_mode="pixel", re_count=1, interpolation="bilinear",
        )  # fmt: skip

    def __getitem__(self, draw: Draw) -> Batch:
        """Reads and augments an image, and draws its prompts."""
        captioned = self.corpus[draw.number]
        sow(self.recipe.seed, "example", draw.step, draw.row)
        texts = self.tokenizer([captioned.caption, *draw_prompts(captioned, self.recipe.prompts)])
        return Batch(self.transform(captioned.image), texts[0], texts[1:])


def draw_prompts(captioned: Captioned, count: int) -> list[str]:
    """Puts `count` nouns of a caption into templates of CLIP, both drawn; the caption itself where nouns are too few.

    So does the released code (WordAugTokenizeWrapper in datasets/builder.py).
    """
    nouns = random.sample(captioned.nouns, min(count, len(captioned.nouns)))
    prompts = [random.choice(OPENAI_IMAGENET_TEMPLATES)(noun) for noun in nouns]  # noqa: S311
    return prompts + [captioned.caption] * (count - len(prompts))


class Draws(Sampler[list[Draw]]):
    """The rows of each step that fall to a process: every image once before one comes again, each time in a new order.

    Args:
        images: How many there are.
        recipe: Of the training.
        here: The process; the ranks have parts of the batch of equal length, in their order.
        start: The first step.
    """

    def __init__(self, images: int, recipe: GroupViTRecipe, here: Place, start: int) -> None:
        self.images, self.recipe, self.here, self.start = images, recipe, here, start

    def __iter__(self) -> Iterator[list[Draw]]:
        """Yields one list a step, to the last step."""
        share = self.recipe.batch // self.here.size
        rows = np.arange(self.here.rank * share, (self.here.rank + 1) * share)
        for step in range(self.start, self.recipe.steps):
            numbers = self._numbers(step * self.recipe.batch + rows)
            yield [Draw(number, step, row) for number, row in zip(numbers.tolist(), rows.tolist(), strict=True)]

    def _numbers(self, positions: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Returns the images at some positions of all epochs, one after the other."""
        epochs, places = np.divmod(positions, self.images)
        numbers = np.empty(len(positions), np.uint32)
        for epoch in np.unique(epochs).tolist():
            at = epochs == epoch
            numbers[at] = _order(self.images, self.recipe.seed, epoch)[places[at]]
        return numbers


@lru_cache(maxsize=2)
def _order(images: int, seed: int, epoch: int) -> NDArray[np.uint32]:
    return np.random.default_rng([seed, epoch]).permutation(np.arange(images, dtype=np.uint32))


def batches(examples: Examples, here: Place, start: int, workers: int) -> Iterator[Batch]:
    """Yields what a process sees of each step, from the step `start` on.

    Args:
        examples: How they are made.
        here: The process.
        start: The first step.
        workers: Processes that read and augment ahead; 0 for none.

    Raises:
        UserError: If a shard is damaged.
    """
    draws = Draws(len(examples.corpus), examples.recipe, here, start)
    loader = DataLoader(
        examples, batch_sampler=draws, num_workers=workers, collate_fn=collate, pin_memory=torch.cuda.is_available()
    )
    try:
        yield from loader
    except UserError as error:
        # From a worker it comes with a traceback before it.
        raise UserError(str(error).strip().splitlines()[-1].partition("UserError: ")[2] or str(error)) from error


def collate(examples: list[Batch]) -> Batch:
    """Stacks examples, and cuts off what is behind the end of all texts."""
    batch: Batch = default_collate(examples)
    return batch._replace(captions=_cut(batch.captions), prompts=_cut(batch.prompts))


def _cut(tokens: Tensor) -> Tensor:
    # The end of a text is the highest token.
    return tokens[..., : int(tokens.argmax(dim=-1).max()) + 1] if tokens.numel() else tokens
