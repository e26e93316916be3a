"""Each class is named by the templates that are surest about it."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Self

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.blocks import blocks, by_blocks
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import require
from groupseg.strategies.scores import Scores, best_class, softmax_rows
from groupseg.strategies.single_threshold import SingleThreshold


@dataclass(kw_only=True)
class Floss(SingleThreshold):
    """Best class by texts from expert templates where its cosine reaches the best threshold, else background.

    The experts of a class are the templates of the ensemble that, naming segments by themselves, have the lowest
    mean entropy over the segments they give to the class (FLOSS, Benigmim et al. 2025, arXiv 2504.10487, section 3.2).
    No label is looked at for this. The text of the class is the normalised mean over its experts; the paper has the
    experts of each class name all pixels instead and merges what they say.

    Args:
        rule: "floss".
        experts: How many templates speak for a class; 4 in the paper.

    Attributes:
        templates: For each of the C classes the rows of its experts in the ensemble, the surest first. All rows where
            no template gives the class a segment.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    NEEDS: ClassVar[SegmentKind | None] = "embeddings"

    rule: Literal["floss"] = "floss"
    experts: int = 4

    templates: list[list[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the parameters."""
        super().__post_init__()
        require(self.experts >= 1, "experts", "at least 1", self.experts)

    @property
    def uses_ensemble(self) -> bool:
        """Whether it looks at `Vocabulary.ensemble`: it chooses from it."""
        return True

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Chooses the experts, then the threshold; see `Strategy`."""
        self.templates = [_surest(column, self.experts) for column in _entropies(table, vocabulary).T]
        return super().fit(table, vocabulary)

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its cosine, [S] float64."""
        means = [vocabulary.ensemble[rows, label].mean(axis=0) for label, rows in enumerate(self.templates)]
        text = np.stack(means) / np.linalg.norm(means, axis=1, keepdims=True)
        return best_class("cosine", table, replace(vocabulary, text=text))


def _entropies(table: SegmentTable, vocabulary: Vocabulary) -> Scores:
    """Mean entropy of the segments that each template gives to each class, [T, C] in nats; inf where it gives none."""
    from scipy.special import entr  # slow to import

    classes = len(vocabulary.classes)
    total, count = np.zeros((2, len(vocabulary.ensemble), classes))
    for block in blocks(table):
        embedding = block.embedding[:]
        for row, text in enumerate(vocabulary.ensemble):
            shares = softmax_rows(block.scale * (embedding @ text.T).astype(np.float64))
            label = shares.argmax(axis=1)
            total[row] += np.bincount(label, entr(shares).sum(axis=1), minlength=classes)
            count[row] += np.bincount(label, minlength=classes)
    return np.divide(total, count, out=np.full_like(total, np.inf), where=count > 0)


def _surest(entropies: Scores, experts: int) -> list[int]:
    """Rows of the lowest of the entropies [T], at most `experts`; all rows where none is finite."""
    order = np.argsort(entropies, kind="stable")
    known = min(np.count_nonzero(np.isfinite(entropies)), experts) or len(order)
    return [int(row) for row in order[:known]]
