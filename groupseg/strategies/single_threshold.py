"""One calibrated threshold: the base of the strategies that have it, and how it is found."""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Labels
from groupseg.errors import UserError
from groupseg.metrics.curve import Curve, threshold_curve
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase
from groupseg.strategies.scores import Scores


@dataclass(kw_only=True)
class SingleThreshold(StrategyBase):
    """Base of the strategies with one calibrated threshold: the best class where its score reaches it, else background.

    Attributes:
        threshold: The threshold of highest mIoU on the calibration images, in the unit of the score.
        miou: Its mIoU on the calibration images, 0..1.
    """

    HAS_THRESHOLD: ClassVar[bool] = True
    PORTABLE: ClassVar[tuple[str, ...]] = ("threshold",)

    threshold: float = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds the best threshold; see `Strategy`."""
        curve, self.warnings = single_curve(*self.candidates(table, vocabulary), table.histogram)
        self.keep_curve(curve)
        self.threshold, self.miou = best_threshold(curve, table.with_background)
        return self

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what reaches the threshold; see `StrategyBase`."""
        return score >= self.threshold


def single_curve(label: Labels, score: Scores, histogram: csr_array) -> tuple[Curve, list[str]]:
    """Computes the curve of a single threshold for calibration.

    Args:
        label: [S] int32, best class of each segment, in 1..C.
        score: [S] float64, its score.
        histogram: [S, C + 1] int64, pixels of each true label under each segment.

    Returns:
        The curve, and warnings where it cannot be trusted.

    Raises:
        UserError: If there is no labelled pixel.
    """
    if histogram.sum() == 0:
        raise UserError(
            f"There is nothing to calibrate on: no labelled pixel under {len(label)} segments. "
            "Give the calibration split images with masks."
        )
    curve, warnings = threshold_curve(label, score, histogram), []
    if np.ptp(score) == 0:
        warnings.append(f"All segments score {score[0]:.6g}: no threshold can tell them apart.")
    elif curve.miou.argmax() == 0:
        warnings.append("The best single threshold calls everything background.")
    # Where there is no background, that is as it should be.
    elif curve.miou.argmax() == len(curve.miou) - 1 and histogram[:, [0]].sum() > 0:
        warnings.append("The best single threshold calls nothing background.")
    return curve, warnings


def best_threshold(curve: Curve, with_background: bool) -> tuple[float, float]:
    """Returns the best threshold and its mIoU; without background all candidates are accepted, so the lowest one."""
    return curve.best() if with_background else (float(curve.thresholds[-1]), float(curve.miou[-1]))
