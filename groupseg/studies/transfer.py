"""What a rule that was fitted on one data set is worth on another."""

from collections.abc import Mapping, Sequence
from copy import deepcopy

import numpy as np

from groupseg.metrics.curve import Curve
from groupseg.metrics.iou import labelling_miou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.zero_threshold import ZeroThreshold
from groupseg.studies.curves import miou_at

ALL = "all"
TRANSFER_COLUMNS = ("strategy", "from", "to", "miou", "moved")


def transfer_study(
    target: str, fitted: Mapping[str, Mapping[str, Strategy]], test: SegmentTable, vocabulary: Vocabulary
) -> list[tuple[str, str, str, float, str]]:
    """Judges a data set with what each strategy has found on each data set, and with one threshold for all.

    All moves that labels have taught a strategy: `PORTABLE`. What it finds without labels for each class, such as a
    prior, it finds on the data set that it is used on. A strategy that labels have taught something about single
    classes cannot be moved to other classes, and is left out; so is one that was taught nothing.

    The threshold for all is the one of highest mean mIoU over the calibration images of all data sets, read off the
    curves of at most 100 points that the calibrations have recorded. Only a strategy that has nothing but a threshold
    has one.

    Args:
        target: The data set that is judged.
        fitted: Strategies that were fitted on the calibration images of each data set, by data set and name.
        test: The test images of the target.
        vocabulary: Its classes.

    Returns:
        Rows of `TRANSFER_COLUMNS`: "strategy", "from" (a data set, or "all"), "to", "miou" on the test images in 0..1,
        "moved" (what moves).
    """
    rows = []
    for name, own in fitted[target].items():
        parts = portable(own)
        others = {source: strategies[name] for source, strategies in fitted.items() if name in strategies}
        given = {source: {part: getattr(other, part) for part in parts} for source, other in others.items()}
        if parts == ("threshold",):
            given[ALL] = {"threshold": common_threshold([_recorded_curve(other) for other in others.values()])}
        if parts:
            rows += [
                (name, source, target, _judged(own, values, test, vocabulary), ", ".join(parts))
                for source, values in given.items()
            ]
    return rows


def portable(strategy: Strategy) -> tuple[str, ...]:
    """Names what can be moved to other classes; nothing where it was not fitted, or not all of it can."""
    constant = isinstance(strategy, ZeroThreshold) and not strategy.calibrated
    return strategy.PORTABLE if isinstance(strategy, StrategyBase) and not constant else ()


def common_threshold(curves: Sequence[Curve]) -> float:
    """Finds the threshold that maximises the mean mIoU of some curves; of equals, the highest.

    The mean changes at the thresholds of the curves alone, so that no other need be tried.
    """
    thresholds = np.unique(np.concatenate([curve.thresholds for curve in curves]))[::-1]
    miou = np.mean([miou_at(curve, thresholds) for curve in curves], axis=0)
    return float(thresholds[np.argmax(miou)])


def _judged(strategy: Strategy, values: Mapping[str, object], test: SegmentTable, vocabulary: Vocabulary) -> float:
    """MIoU of a strategy some of whose results are replaced."""
    moved = deepcopy(strategy)
    for name, value in values.items():
        setattr(moved, name, value)
    return labelling_miou(test, moved.predict(test, vocabulary))


def _recorded_curve(strategy: Strategy) -> Curve:
    """The curve on the calibration images that a strategy has recorded."""
    assert isinstance(strategy, StrategyBase)
    curve = strategy.curve or {"threshold": [], "miou": []}
    miou = np.array(curve["miou"])
    return Curve(np.array(curve["threshold"]), miou, np.full_like(miou, np.nan))
