"""The best single threshold: not from a grid, but of every threshold there is."""

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np

from groupseg.segments.table import SegmentTable
from groupseg.strategies.base import Recorded, single_curve
from groupseg.strategies.scores import Labels, ScoreName, Scores, Text, best_class


@dataclass(kw_only=True)
class Threshold(Recorded):
    """Best class where its score reaches the best threshold of the calibration images, else background.

    Args:
        rule: "threshold".
        score: A key of `SCORES`.

    Attributes:
        threshold: The threshold found, in the unit of the score.
        miou: Its mIoU on the calibration images, 0..1.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["threshold"] = "threshold"
    score: ScoreName = "product"

    threshold: float = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)

    def fit(self, table: SegmentTable, text: Text) -> Self:
        """Finds the best threshold; see `Strategy`."""
        curve, self.warnings = single_curve(*self.candidates(table, text), table.histogram)
        self.keep_curve(curve)
        self.threshold, self.miou = curve.best()
        return self

    def candidates(self, table: SegmentTable, text: Text) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its score, [S] float64."""
        return best_class(self.score, table, text)

    def predict(self, table: SegmentTable, text: Text) -> Labels:
        """Labels segments; see `Strategy`."""
        label, score = self.candidates(table, text)
        return np.where(score >= self.threshold, label, np.int32(0))
