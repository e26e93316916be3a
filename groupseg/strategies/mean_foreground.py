"""What all classes have in common stands for the background."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores, best_class
from groupseg.strategies.single_threshold import SingleThreshold

# A mean of unit vectors shorter than this points nowhere: it is rounding.
_SHORTEST = 1e-6


@dataclass(kw_only=True)
class MeanForeground(SingleThreshold):
    """Best class where it is nearer than the mean of all classes by the best threshold, else background.

    CLIPer (Sun et al. 2024, arXiv 2411.13836) has such a mean among its background texts. The score is the cosine
    of the best class less that of the normalised mean of the class texts. Where there is no such direction, the
    cosine alone is the score: if the texts cancel out, or there is one class only, which would be its own mean.

    Args:
        rule: "mean_foreground".

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    NEEDS: ClassVar[SegmentKind | None] = "embeddings"

    rule: Literal["mean_foreground"] = "mean_foreground"

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds the best threshold; see `Strategy`."""
        super().fit(table, vocabulary)
        if not _direction(vocabulary).any():
            self.warnings.append("The class texts have no mean to tell them from: the score is the cosine alone.")
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its lead over the mean, [S] float64."""
        label, score = best_class("cosine", table, vocabulary)
        return label, score - table.embedding[:] @ _direction(vocabulary)


def _direction(vocabulary: Vocabulary) -> Scores:
    """Normalised mean of the class texts, [D]; zeros where there is none."""
    mean = vocabulary.text.astype(np.float64).mean(axis=0)
    length = np.linalg.norm(mean)
    return mean / length if length > _SHORTEST and len(vocabulary.text) > 1 else np.zeros_like(mean)
