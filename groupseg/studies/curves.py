"""Threshold curves of fitted strategies, read at any threshold."""

from dataclasses import replace

import numpy as np

from groupseg.metrics.curve import Curve, Floats, threshold_curve
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import SingleThreshold


def miou_at(curve: Curve, thresholds: Floats) -> Floats:
    """Reads a curve, a step function, at thresholds that need not be its own.

    Args:
        curve: The curve.
        thresholds: [K] float64.

    Returns:
        [K] float64, the mIoU of each.
    """
    # Entry i of the curve has i distinct scores that reach the threshold; negated, they ascend as searching needs.
    return curve.miou[np.searchsorted(-curve.thresholds[1:], -thresholds, side="right")]


def prediction_curve(strategy: SingleThreshold, table: SegmentTable, vocabulary: Vocabulary) -> Curve:
    """Draws the mIoU of a fitted strategy over its threshold; flat where the data set has no background."""
    curve = threshold_curve(*strategy.candidates(table, vocabulary), table.histogram)
    return curve if table.with_background else replace(curve, miou=np.full_like(curve.miou, curve.miou[-1]))
