"""Figures of a strategy on the segments of a model beside the one that runs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupseg.metrics.bootstrap import bootstrap_miou, interval
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import Strategy
from groupseg.strategies.record import calibratable


def strategy_figures(
    strategy: Strategy, calib: SegmentTable, test: SegmentTable, vocabulary: Vocabulary, weights: NDArray[np.int32]
) -> dict[str, Any]:
    """Fits a strategy on the calibration images and judges it on the test images.

    Args:
        strategy: Is fitted.
        calib: The calibration images.
        test: The test images.
        vocabulary: The classes of both.
        weights: [B, N] int, how often each test image is drawn in each resample.

    Returns:
        "miou", in 0..1, and "miou_ci", its 95 % interval.
    """
    fitted = calibratable(strategy, calib).fit(calib, vocabulary)
    return _figures(image_counts(test, fitted.predict(test, vocabulary)), weights)


def oracle_figures(test: SegmentTable, weights: NDArray[np.int32]) -> dict[str, Any]:
    """Judges the label oracle; arguments and result as in `strategy_figures`."""
    return _figures(image_counts(test, label_oracle(test)), weights)


def _figures(counts: Counts, weights: NDArray[np.int32]) -> dict[str, Any]:
    figure = bootstrap_miou(counts, weights)
    return {"miou": figure.value, "miou_ci": interval(figure)}
