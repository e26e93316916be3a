"""A segmenter that is there at once: random groups, and words as random vectors."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groupseg.networks.frame import Frame, Square, Windows
from groupseg.predict.segmenter import Segmenter
from tests.segments.networks import RandomNetwork
from tests.tables import unit

WIDTH = 6
DIGEST = "0123456789abcdef" * 4
SQUARE = Square(24)
WINDOWS = Windows(short=32, long=128, crop=32, stride=16)


class HashedWords:
    """An encoder: equal texts are equal unit vectors, and others have nothing to do with each other."""

    averages_unit = True

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def encode(self, texts: Sequence[str], unit: bool = True) -> NDArray[np.float32]:
        """Returns float32 [len(texts), WIDTH]."""
        self.calls.append(list(texts))
        return np.stack([vector(text) for text in texts])


def vector(text: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return unit(np.random.default_rng(seed).normal(size=WIDTH))


def segmenter(frame: Frame = SQUARE) -> Segmenter:
    model = {"model": "random", "weights_sha256": DIGEST}
    return Segmenter(RandomNetwork(frame, width=WIDTH), HashedWords(), model)
