"""What a threshold is worth on another data set than the one it was calibrated on."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd

from groupseg.metrics.curve import Curve, Floats, threshold_curve
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import SingleThreshold, Strategy
from groupseg.strategies.natural import Natural

ALL = "all"


def transfer(
    strategies: Mapping[str, Strategy],
    calib: Mapping[str, SegmentTable],
    test: Mapping[str, SegmentTable],
    vocabularies: Mapping[str, Vocabulary],
) -> pd.DataFrame:
    """Judges each data set with the threshold of each data set, and with one threshold for all.

    Only the threshold moves: what else a strategy has fitted stays that of the data set it is judged on. The
    threshold for all is the one of highest mean mIoU over the calibration images of all data sets.

    Args:
        strategies: By name; those without a calibrated single threshold are left out.
        calib: The calibration images of each data set.
        test: The test images of each.
        vocabularies: The classes of each.

    Returns:
        "strategy", "from" (a data set, or "all"), "to", "miou": mIoU on the test images of `to` in 0..1.

    Raises:
        UserError: If a strategy cannot be fitted on a data set.
    """
    rows = []
    for name, strategy in strategies.items():
        if not isinstance(strategy, SingleThreshold) or (isinstance(strategy, Natural) and not strategy.calibrated):
            continue
        fitted = {key: deepcopy(strategy).fit(table, vocabularies[key]) for key, table in calib.items()}
        curves = [prediction_curve(fitted[key], table, vocabularies[key]) for key, table in calib.items()]
        thresholds = {key: own.threshold for key, own in fitted.items()} | {ALL: common_threshold(curves)}
        judged = {key: prediction_curve(fitted[key], table, vocabularies[key]) for key, table in test.items()}
        rows += [
            (name, source, target, float(miou_at(curve, np.array([threshold]))[0]))
            for source, threshold in thresholds.items()
            for target, curve in judged.items()
        ]
    return pd.DataFrame(rows, columns=["strategy", "from", "to", "miou"])


def common_threshold(curves: list[Curve]) -> float:
    """Finds the threshold that maximises the mean mIoU of some curves, as `Curve.best` does that of one.

    The mean changes at the thresholds of the curves alone, so that no other need be tried.
    """
    thresholds = np.unique(np.concatenate([curve.thresholds for curve in curves]))[::-1]
    miou = np.mean([miou_at(curve, thresholds) for curve in curves], axis=0)
    return Curve(thresholds, miou, np.full_like(miou, np.nan)).best()[0]


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
