"""A threshold that depends on how much of the image a segment covers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import ScoreName, Scores, best_class
from groupseg.strategies.tuned import Tuned
from groupseg.strategies.units import score_spread

# Slopes to try, in standard deviations of the score for each factor e of area; the flattest first.
SLOPES = tuple(sorted(np.linspace(-0.6, 0.6, 13).round(3).tolist(), key=abs))


@dataclass(kw_only=True)
class Area(Tuned):
    """Best class where its score reaches threshold + slope * log(share of the image area), else background.

    Background comes in other sizes than objects. A positive slope asks more of large segments, a negative one more of
    small ones. The slope is the setting, in the unit of the score. Where pixels have scores, those of an image that
    share their best class are as one segment.

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
        unit = score_spread(score, table)
        return [slope * unit for slope in SLOPES]

    def candidates_at(self, setting: float, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its score less slope * log(share), [S]."""
        label, score = best_class(self.score, table, vocabulary)
        return label, score - setting * log_share(table, label)


def log_share(table: SegmentTable, label: Labels) -> Scores:
    """Natural logarithm of each segment's share of its image, [S] float64, at most 0; ignored pixels are area too.

    Where pixels have scores, the share of all pixels of the image that have the same candidate, `label` [S].
    """
    area = np.maximum(table.area, 1)
    image = np.bincount(table.image, area, len(table.keys))[table.image]
    if table.kind == "scores":
        same = table.image.astype(np.int64) * (len(table.classes) + 1) + label
        area = np.bincount(same, area)[same]
    return np.asarray(np.log(area / image))
