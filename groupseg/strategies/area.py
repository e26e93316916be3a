"""A threshold that depends on how much of the image a segment covers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Labels, ScoreName, Scores, best_class
from groupseg.strategies.tuned import Tuned

# Slopes to try, in standard deviations of the score for each factor e of area; the flattest first.
SLOPES = tuple(sorted(np.linspace(-0.6, 0.6, 13).round(3).tolist(), key=abs))


@dataclass(kw_only=True)
class Area(Tuned):
    """Best class where its score reaches threshold + slope * log(share of the image area), else background.

    Background comes in other sizes than objects. A positive slope asks more of large segments, a negative one more of
    small ones. The slope is the setting, in the unit of the score.

    Args:
        rule: "area".
        score: A key of `SCORES`.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["area"] = "area"
    score: ScoreName = "cosine"

    def settings(self, table: SegmentTable, vocabulary: Vocabulary) -> Iterable[float]:
        """Returns the slopes to try, in the unit of the score; see `Tuned`."""
        _, score = best_class(self.score, table, vocabulary)
        spread = float(score.std()) if len(score) else 0.0
        return [slope * spread for slope in SLOPES]

    def candidates_at(self, setting: float, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its score less slope * log(share), [S]."""
        label, score = best_class(self.score, table, vocabulary)
        return label, score - setting * log_share(table)


def log_share(table: SegmentTable) -> Scores:
    """Natural logarithm of each segment's share of its image, [S] float64, at most 0; ignored pixels are area too."""
    area = np.maximum(table.area, 1)
    return np.asarray(np.log(area / np.bincount(table.image, area, len(table.keys))[table.image]))
