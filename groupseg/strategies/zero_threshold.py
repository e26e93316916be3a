"""Base of the strategies that need no threshold, since theirs is 0, and may gain from a calibrated one."""

from dataclasses import dataclass
from typing import Self

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.single_threshold import SingleThreshold


@dataclass(kw_only=True)
class ZeroThreshold(SingleThreshold):
    """Base of the strategies whose score says by its sign what is background.

    Args:
        calibrated: Whether to move the threshold from 0 to where the mIoU of the calibration images is highest.
    """

    calibrated: bool = True

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds the best threshold, and keeps it if it is wanted; see `Strategy`."""
        super().fit(table, vocabulary)
        if not self.calibrated:
            self.keep_zero(table, vocabulary)
        return self

    def keep_zero(self, table: SegmentTable, vocabulary: Vocabulary) -> None:
        """Sets the threshold to 0."""
        self.threshold = 0.0
        self.miou = float(mean_iou(image_counts(table, self.predict(table, vocabulary)).total()))
