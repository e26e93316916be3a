"""The best single threshold: not from a grid, but of every threshold there is."""

from dataclasses import dataclass
from typing import Literal

from groupseg.array_types import Labels
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import ScoreName, Scores, best_class
from groupseg.strategies.single_threshold import SingleThreshold


@dataclass(kw_only=True)
class Threshold(SingleThreshold):
    """Best class where its score reaches the best threshold of the calibration images, else background.

    Args:
        rule: "threshold".
        score: A key of `SCORES`.

    Raises:
        UserError: If a parameter is none of the values it can have.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> rule = groupseg.Threshold(score="softmax").fit(scored.table, scored.vocabulary)
        >>> round(rule.threshold, 3), rule.miou  # half-way between the background at 0.55 and the cat at 0.8
        (0.675, 1.0)
        >>> scored.label_map(0, rule.predict(scored.table, scored.vocabulary))
        array([[1, 1, 0, 2]], dtype=int32)
    """

    rule: Literal["threshold"] = "threshold"
    score: ScoreName = "product"

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its score, [S] float64."""
        return best_class(self.score, table, vocabulary)
