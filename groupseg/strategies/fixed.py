"""The rule of the GroupViT release: one constant threshold, not calibrated."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import Recorded
from groupseg.strategies.scores import Labels, ScoreName, Scores, best_class


@dataclass(kw_only=True)
class Fixed(Recorded):
    """Best class where its score reaches a constant, else background (GroupViT, Xu et al. 2022, section 4.1).

    Args:
        rule: "fixed".
        threshold: The constant. The paper says 0.9 (VOC) and 0.5 (Context), its code 0.95 and 0.35.
        clamp: As the released code does, never let the best segment of an image be background: the threshold
            of an image is at most its highest score.
        score: A key of `SCORES`.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["fixed"] = "fixed"
    threshold: float
    clamp: bool = True
    score: ScoreName = "product"

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Does nothing: there is nothing to calibrate."""
        return self

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its score, [S] float64."""
        return best_class(self.score, table, vocabulary)

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what reaches the constant; see `Recorded`."""
        threshold = np.full(len(table.keys), self.threshold)
        if self.clamp:
            threshold = np.minimum(threshold, image_max(score, table))
        return np.asarray(score >= threshold[table.image])


def image_max(score: Scores, table: SegmentTable) -> Scores:
    """Highest of the scores [S] in each image, [N] float64; -inf where an image has no segment."""
    highest = np.full(len(table.keys), -np.inf)
    np.maximum.at(highest, table.image, score)
    return highest
