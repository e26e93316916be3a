"""Threshold curves of strategies, read at any threshold."""

from dataclasses import replace

import numpy as np

from groupseg.array_types import Floats
from groupseg.metrics.curve import Curve, threshold_curve
from groupseg.metrics.iou import labelling_miou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.fixed import Fixed
from groupseg.strategies.protocol import Strategy

# Thresholds at which a rule is tried that does more than cut: evenly spread over the scores there are.
POINTS = 41


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


def prediction_curve(strategy: Strategy, table: SegmentTable, vocabulary: Vocabulary) -> Curve:
    """Draws the mIoU of what a strategy predicts over one threshold on its score.

    Exact where the strategy cuts its candidates by their scores, or has several thresholds in place of the one. A
    constant that is clamped, or that each window holds against its own scores, is tried at `POINTS` thresholds. Flat
    where the data set has no background.

    Args:
        strategy: The strategy, fitted.
        table: The segments.
        vocabulary: Their classes.
    """
    if isinstance(strategy, CrossFit) and isinstance(strategy.copies[0], Fixed):
        strategy = strategy.copies[0]  # nothing was fitted, so that all copies are the same
    label, score = strategy.candidates(table, vocabulary)
    if table.with_background and isinstance(strategy, Fixed) and does_more_than_cut(strategy, table):
        thresholds = np.unique(np.quantile(score, np.linspace(0, 1, POINTS)))[::-1]
        return _tried(strategy, thresholds, table, vocabulary)
    curve = threshold_curve(label, score, table.histogram)
    return curve if table.with_background else replace(curve, miou=np.full_like(curve.miou, curve.miou[-1]))


def does_more_than_cut(strategy: Fixed, table: SegmentTable) -> bool:
    """Whether what a constant accepts depends on more than the score of the segment."""
    return strategy.clamp or (strategy.per_window and table.parts is not None)


def _tried(strategy: Fixed, thresholds: Floats, table: SegmentTable, vocabulary: Vocabulary) -> Curve:
    """Predicts with each of [T] thresholds, descending."""
    moved = [replace(strategy, threshold=float(threshold)) for threshold in thresholds]
    miou = [labelling_miou(table, one.predict(table, vocabulary)) for one in moved]
    return Curve(thresholds, np.array(miou), np.full(len(miou), np.nan))
