"""Figures of a strategy on the segments of a model beside the one that runs."""

from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupseg.metrics.bootstrap import bootstrap_miou, interval
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.ladder import ladder, ladder_labels
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.record import calibratable
from groupseg.strategies.scores import checked_scores


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


def ladder_figures(
    strategy: Strategy, calib: SegmentTable, test: SegmentTable, vocabulary: Vocabulary, weights: NDArray[np.int32]
) -> list[dict[str, Any]]:
    """Measures the rungs above a strategy, up to perfect masks; arguments as in `strategy_figures`.

    Returns:
        The rungs above "best calibrated", the lowest first, as `groupseg.metrics.ladder.Rung` has them.
    """
    fitted = calibratable(strategy, calib).fit(calib, vocabulary)
    candidate, _ = fitted.candidates(test, vocabulary)
    lower = {"best calibrated": fitted.predict(test, vocabulary)}
    labels = ladder_labels(test, lower, candidate, partial(checked_scores, "cosine", vocabulary=vocabulary))
    return [asdict(one) for one in ladder(test, labels, weights)][1:]


def _figures(counts: Counts, weights: NDArray[np.int32]) -> dict[str, Any]:
    figure = bootstrap_miou(counts, weights)
    return {"miou": figure.value, "miou_ci": interval(figure)}
