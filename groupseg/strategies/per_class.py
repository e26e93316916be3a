"""One threshold per class, exact on the calibration images, with little trust in rare classes."""

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import class_steps
from groupseg.metrics.iou import mean_iou
from groupseg.segments.table import SegmentTable
from groupseg.strategies.base import Recorded, absent_classes, require, single_curve
from groupseg.strategies.cuts import all_cuts, search
from groupseg.strategies.scores import Labels, ScoreName, Scores, Text, best_class


@dataclass(kw_only=True)
class PerClass(Recorded):
    """Best class where its score reaches the threshold of that class, else background.

    The thresholds maximise the mIoU of the calibration images. Then each is pulled towards the best single
    threshold, the more the fewer segments it rests on: own threshold with weight n / (n + shrinkage), where n
    segments are predicted as the class. Scores in 0..1 are averaged as logits.

    Args:
        rule: "per_class".
        shrinkage: How many segments the single threshold is worth; 0 = none.
        score: A key of `SCORES`.

    Attributes:
        thresholds: [C], the threshold of each class.
        single: The best single threshold.
        miou: mIoU on the calibration images with `thresholds`, 0..1.
        unshrunk_miou: The same before shrinkage.
        upper_bound: No thresholds have a higher mIoU on the calibration images, where classes without pixels
            keep the single threshold.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["per_class"] = "per_class"
    shrinkage: float = 10.0
    score: ScoreName = "product"

    thresholds: list[float] = field(init=False, repr=False, compare=False)
    single: float = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)
    unshrunk_miou: float = field(init=False, repr=False, compare=False)
    upper_bound: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the parameters."""
        super().__post_init__()
        require(self.shrinkage >= 0, "shrinkage", "at least 0", self.shrinkage)

    def fit(self, table: SegmentTable, text: Text) -> Self:
        """Finds the thresholds; see `Strategy`."""
        label, score = self.candidates(table, text)
        curve, self.warnings = single_curve(label, score, table.histogram)
        self.keep_curve(curve)
        self.single, _ = curve.best()

        steps = class_steps(label, score, table.histogram)
        cuts = all_cuts(steps, self.single)
        choice, self.upper_bound = search(cuts)
        self.unshrunk_miou = float(cuts.miou(choice))
        support = np.bincount(label, minlength=len(table.classes) + 1)[1:]
        self.thresholds = self._shrink(cuts.threshold[choice], support).tolist()
        self.miou = float(mean_iou(image_counts(table, self.predict(table, text)).total()))
        self.warnings += absent_classes(table, "They take the single threshold")
        return self

    def candidates(self, table: SegmentTable, text: Text) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its score, [S] float64."""
        return best_class(self.score, table, text)

    def predict(self, table: SegmentTable, text: Text) -> Labels:
        """Labels segments; see `Strategy`."""
        label, score = self.candidates(table, text)
        return np.where(score >= np.array(self.thresholds)[label - 1], label, np.int32(0))

    def _shrink(self, thresholds: Scores, support: NDArray[np.int64]) -> Scores:
        """Pulls thresholds [C], found on `support` [C] segments, towards the single threshold."""
        if self.shrinkage == 0:
            return thresholds
        weight = support / (support + self.shrinkage)
        if self.score == "cosine":
            shrunk = weight * thresholds + (1 - weight) * self.single
        else:
            shrunk = expit(weight * _logit(thresholds) + (1 - weight) * _logit(self.single))
        # Where there is nothing to average, rounding is not to move the threshold past a score.
        return np.where(thresholds == self.single, self.single, shrunk)


def _logit(share: ArrayLike) -> Scores:
    """Log odds; thresholds beyond all scores (0, 1 and a little more) are kept finite."""
    return np.asarray(logit(np.clip(share, 1e-12, 1 - 1e-12)), dtype=np.float64)
