"""The texts that name segments: embedded once a class list, whatever the number of images."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from groupseg.predict.naming import Naming
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary, WordList
from groupseg.text.encoder import Encoder
from groupseg.text.prompts import embed_ensemble, embed_words, word_lists

Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts as the encoder gives them, L2-normalised.

    Attributes:
        classes: [C, D], the mean over the templates.
        ensemble: [T, C, D], each template of the ensemble by itself.
        lists: The words of each list of background words, and their vectors [M, D].
    """

    classes: Vectors
    ensemble: Vectors
    lists: dict[str, tuple[tuple[str, ...], Vectors]]

    @classmethod
    def embed(cls, encoder: Encoder, naming: Naming) -> Self:
        """Embeds what the strategy looks at, and no more: encoding is what takes longest for a single image."""
        classes = embed_words(encoder, naming.words, naming.templates)
        ensemble = np.zeros((0, *classes.shape), np.float32)
        lists: dict[str, tuple[tuple[str, ...], Vectors]] = {}
        if naming.ensemble:
            ensemble = embed_ensemble(encoder, naming.words, naming.ensemble)
        for name in naming.strategy.word_lists:
            words = word_lists()[name]
            lists[name] = tuple(words), embed_words(encoder, words, naming.templates)
        return cls(classes, ensemble, lists)

    def vocabulary(self, naming: Naming, table: SegmentTable) -> Vocabulary:
        """Brings the texts into the space of the segments."""
        return Vocabulary(
            classes=naming.classes,
            words=naming.words,
            text=table.project_text(self.classes),
            ensemble=np.array([table.project_text(text) for text in self.ensemble]).reshape(self.ensemble.shape),
            lists={name: WordList(words, table.project_text(text)) for name, (words, text) in self.lists.items()},
        )
