"""Words that pixels are compared with one by one: those of the classes and of the background."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groupseg.text.encoder import Encoder
from groupseg.text.prompts import embed_words, word_lists


@dataclass(frozen=True, eq=False)
class Queries:
    """Q words for C classes, and for the background where it has some.

    Attributes:
        text: float32 [U, D], the U words that differ, L2-normalised.
        word: int64 [Q], which of them each query is: a class and the background may have the same.
        label: int64 [Q], non-decreasing: 0 = background, c = class c - 1.
    """

    text: NDArray[np.float32]
    word: NDArray[np.int64]
    label: NDArray[np.int64]

    @property
    def with_background(self) -> bool:
        """Whether the background has words."""
        return bool((self.label == 0).any())

    def of_labels(self) -> list[NDArray[np.int64]]:
        """Rows of `text` of each label in turn; the background, where it has words, is the first."""
        return [self.word[self.label == label] for label in np.unique(self.label)]


def background_words(words: Sequence[str]) -> list[str]:
    """Returns words of the background; where "sclip" or "clip_es" is among them, that list of the package in its place.

    None is left out: a class and the background may have the same word, as "bed" in COCO.
    """
    lists = {name: found for name, found in word_lists().items() if name in ("sclip", "clip_es")}
    return [word for name in words for word in lists.get(name, [name])]


def embed_queries(
    encoder: Encoder, words: Sequence[str], background: Sequence[str], templates: Sequence[str]
) -> Queries:
    """Embeds the words of classes and background.

    Args:
        encoder: The text encoder.
        words: What stands for each class, several words joined by ", ".
        background: Words of the background.
        templates: Each holds {} once. A word is the mean over them.
    """
    given = [(0, word) for word in background]
    given += [(label, word) for label, names in enumerate(words, start=1) for word in names.split(", ")]
    unique = list(dict.fromkeys(word for _, word in given))
    rows = {word: row for row, word in enumerate(unique)}
    return Queries(
        text=embed_words(encoder, unique, templates),
        word=np.array([rows[word] for _, word in given]),
        label=np.array([label for label, _ in given]),
    )
