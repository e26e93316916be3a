"""Chance that follows from what is drawn, not from what was drawn before, nor from the process that draws."""

import random
from typing import Literal

import numpy as np
import torch

Stream = Literal["example", "block"]
_STREAMS: tuple[Stream, ...] = ("example", "block")


def sow(seed: int, stream: Stream, step: int, number: int) -> None:
    """Seeds the global generators of Python, numpy and torch, which timm and torchvision draw from.

    Args:
        seed: Of the training.
        stream: What is drawn for: the example of a row, or the noise of a block of rows.
        step: The step of the training.
        number: The row or the block within the batch of all processes.
    """
    sequence = np.random.SeedSequence([seed, _STREAMS.index(stream), step, number])
    first, second, third = sequence.generate_state(3).tolist()
    random.seed(first)
    np.random.seed(second)
    torch.manual_seed(third)
