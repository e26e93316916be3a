"""What segments are named with: class texts and background words, in the space of a segment table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from groupseg.errors import UserError

_Texts = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class WordList:
    """M words that stand for no class, such as a list of background words.

    Attributes:
        words: The M words.
        text: [M, D] float32, L2-normalised.
    """

    words: tuple[str, ...]
    text: _Texts

    def without(self, words: Sequence[str]) -> "WordList":
        """Leaves out what is among `words`, upper or lower case."""
        taken = {word.casefold() for word in words}
        kept = [row for row, word in enumerate(self.words) if word.casefold() not in taken]
        return WordList(tuple(self.words[row] for row in kept), self.text[kept])


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """C classes as vectors; all vectors are projected by `SegmentTable.project_text`.

    Attributes:
        classes: Names of the classes, as in the table.
        words: What stands for each class in the prompts; mostly its name, or several words joined by ", ".
        text: [C, D] float32, L2-normalised, the mean over the templates of the data set.
        ensemble: [T, C, D] float32, L2-normalised, each template of the ensemble by itself.
        lists: Word lists by name.

    Raises:
        ValueError: If shapes do not fit together.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> text = np.eye(2, dtype=np.float32)
        >>> vocabulary = groupseg.Vocabulary(("cat", "sofa"), ("cat", "sofa, couch"), text, text[None], {})
        >>> vocabulary.select(["sofa"]).words
        ('sofa, couch',)
    """

    classes: tuple[str, ...]
    words: tuple[str, ...]
    text: _Texts
    ensemble: _Texts
    lists: Mapping[str, WordList]

    def __post_init__(self) -> None:
        """Checks that the parts fit together."""
        count, width = len(self.classes), self.text.shape[-1]
        shapes = {"text": (count, width), "ensemble": (len(self.ensemble), count, width), "words": (count,)}
        for name, shape in shapes.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise ValueError(f"Expected `{name}` of shape {shape}, but got {found}")

    def select(self, classes: Sequence[str]) -> "Vocabulary":
        """Keeps some classes, in the order given.

        Raises:
            KeyError: If a class is not among them.
        """
        rows = {name: row for row, name in enumerate(self.classes)}
        kept = [rows[name] for name in classes]
        return replace(
            self,
            classes=tuple(classes),
            words=tuple(self.words[row] for row in kept),
            text=self.text[kept],
            ensemble=self.ensemble[:, kept],
        )

    def extended(self, words: WordList) -> "Vocabulary":
        """Adds words as classes of their own; in the ensemble every template has the same vector of such a word."""
        added = np.broadcast_to(words.text, (len(self.ensemble), *words.text.shape))
        return replace(
            self,
            classes=(*self.classes, *words.words),
            words=(*self.words, *words.words),
            text=np.concatenate([self.text, words.text]),
            ensemble=np.concatenate([self.ensemble, added], axis=1),
        )

    def negatives(self, name: str) -> WordList:
        """The word list called `name`, without words that name a class of this vocabulary.

        Raises:
            UserError: If there is no such list, or nothing is left of it.
        """
        if name not in self.lists:
            raise UserError(f"Expected a word list, one of {', '.join(self.lists) or 'none'}, but got {name!r}.")
        named = [word for words in self.words for word in words.split(", ")]
        left = self.lists[name].without([*self.classes, *named])
        if not left.words:
            raise UserError(f"Word list {name!r} holds nothing but names of classes. Choose another list.")
        return left
