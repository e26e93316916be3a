"""What strategies and the label oracle reach on classes that training neither showed nor named.

The class list holds seen and unseen classes alike, so that each can be taken for the other, and background for both
(generalised zero-shot segmentation: Bucher et al. 2019, Zero-Shot Semantic Segmentation).
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Floats
from groupseg.metrics.bootstrap import Resampled, bootstrap_miou, interval
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.record import calibratable


def without_labels(table: SegmentTable, classes: Collection[str]) -> SegmentTable:
    """Ignores the pixels of some classes; their names stay in the list."""
    kept = np.array([1, *(name not in classes for name in table.classes)], dtype=np.int64)
    histogram = csr_array(table.histogram @ csr_array(np.diag(kept)))
    histogram.eliminate_zeros()
    return replace(table, histogram=histogram)


def unseen_labels(
    strategy: Strategy | None, calib: SegmentTable, test: SegmentTable, vocabulary: Vocabulary, unseen: Collection[str]
) -> NDArray[np.int32]:
    """Labels the test images, [S] int32 in 0..C, by what is calibrated without a label of an unseen class.

    Args:
        strategy: Is fitted; None for the label oracle, which knows the labels of all classes.
        calib: The calibration images, with all labels.
        test: The test images.
        vocabulary: The classes of both.
        unseen: Names of those that are unseen.
    """
    if strategy is None:
        return label_oracle(test)
    seen = without_labels(calib, unseen)
    return calibratable(strategy, seen).fit(seen, vocabulary).predict(test, vocabulary)


def unseen_figures(
    table: SegmentTable, labels: NDArray[np.int32], taught: Counts, unseen: Collection[str], weights: NDArray[np.int32]
) -> dict[str, Any]:
    """Judges labels by seen and by unseen classes.

    Args:
        table: The test images.
        labels: [S] int32 in 0..C.
        taught: The same strategy after a training that knew all classes: counts of the same images, [N, C + 1].
        unseen: Names of the unseen classes.
        weights: [B, N] int, how often each image is drawn in each resample.

    Returns:
        "miou" of all labels, background among them; "seen" and "unseen", the mean IoU of those classes, without
        background; "harmonic", the harmonic mean of these two; "taught", that of the unseen classes after the other
        training, and "cost", how much more that is. All are fractions, each with its 95 % interval, as "unseen_ci".
    """
    counts = image_counts(table, labels)
    parts = {
        name: 1 + np.flatnonzero([(one in unseen) == which for one in table.classes])
        for name, which in {"seen": False, "unseen": True}.items()
    }
    figures = {"miou": bootstrap_miou(counts, weights)}
    figures |= {name: _of_labels(counts, columns, weights) for name, columns in parts.items()}
    figures["harmonic"] = _harmonic(figures["seen"], figures["unseen"])
    figures["taught"] = _of_labels(taught, parts["unseen"], weights)
    figures["cost"] = figures["taught"] - figures["unseen"]
    return {
        key: given
        for name, figure in figures.items()
        for key, given in {name: figure.value, f"{name}_ci": interval(figure)}.items()
    }


def _of_labels(counts: Counts, columns: NDArray[np.int64], weights: NDArray[np.int32]) -> Resampled:
    """The mean IoU of some labels."""
    return bootstrap_miou(
        Counts(counts.tp[:, columns], counts.predicted[:, columns], counts.truth[:, columns]), weights
    )


def _harmonic(first: Resampled, second: Resampled) -> Resampled:
    """The harmonic mean of two figures of the same images on the same resamples."""

    def mean(name: str) -> Floats:
        one, other = np.asarray(getattr(first, name)), np.asarray(getattr(second, name))
        return np.asarray(2 * one * other / np.maximum(one + other, np.finfo(float).tiny))

    return Resampled(float(mean("value")), mean("drawn"), mean("left_out"))
