"""Figures of seen and unseen classes, against label maps."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from groupseg.metrics.bootstrap import resample_weights
from groupseg.metrics.confusion import confusion_from_maps, image_counts
from groupseg.metrics.oracle import label_oracle
from groupseg.strategies.per_class import PerClass
from groupseg.strategies.threshold import Threshold
from groupseg.studies.unseen import unseen_figures, unseen_labels, without_labels
from tests.tables import IGNORE, Case, histogram, random_case

CASE = random_case(5, images=12, classes=4)
CALIB, TEST = CASE.table.subset(range(6)), CASE.table.subset(range(6, 12))
MAPS = Case(TEST, CASE.vocabulary, CASE.truth[6:], CASE.segments[6:] - CASE.segments[6:].min())
UNSEEN = {"class1", "class3"}
WEIGHTS = resample_weights(6, 200, 0)


def means(labels: NDArray[np.int32], images: NDArray[np.intp]) -> list[float]:
    """Mean IoU of seen classes, of unseen ones, and their harmonic mean, pixel by pixel."""
    confusion = confusion_from_maps(MAPS.truth[images], MAPS.predicted(labels)[images], 4)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - confusion.diagonal()
    ious = confusion.diagonal() / union
    seen, unseen = ious[[1, 3]].mean(), ious[[2, 4]].mean()
    return [seen, unseen, 2 / (1 / seen + 1 / unseen)]


def test_pixels_without_labels_are_ignored_ones() -> None:
    truth = np.where(np.isin(CASE.truth, [2, 4]), IGNORE, CASE.truth)
    expected = histogram(CASE.segments, truth, len(CASE.table.image), 4)
    found = without_labels(CASE.table, UNSEEN)
    np.testing.assert_array_equal(found.histogram.toarray(), expected.toarray())
    assert found.classes == CASE.table.classes


def test_figures_are_those_of_label_maps() -> None:
    labels = Threshold().fit(CALIB, CASE.vocabulary).predict(TEST, CASE.vocabulary)
    taught = label_oracle(TEST)
    found = unseen_figures(TEST, labels, image_counts(TEST, taught), UNSEEN, WEIGHTS)
    everywhere = np.arange(6)
    own, other = means(labels, everywhere), means(taught, everywhere)
    assert [found[name] for name in ("seen", "unseen", "harmonic")] == pytest.approx(own, abs=1e-12)
    assert found["taught"] == pytest.approx(other[1], abs=1e-12)
    assert found["cost"] == pytest.approx(other[1] - own[1], abs=1e-12)


def test_the_harmonic_mean_has_the_interval_of_its_own_resamples() -> None:
    labels = label_oracle(TEST)
    found = unseen_figures(TEST, labels, image_counts(TEST, labels), UNSEEN, WEIGHTS)
    value = means(labels, np.arange(6))[2]
    drawn = np.array([means(labels, np.repeat(np.arange(6), weights))[2] for weights in WEIGHTS])
    left_out = [means(labels, np.delete(np.arange(6), row))[2] for row in range(6)]
    wider = max(1, np.sqrt(5 * np.var(left_out)) / drawn.std())
    low, high = np.percentile(drawn.mean() + (drawn - drawn.mean()) * wider, [2.5, 97.5])
    assert found["harmonic_ci"] == pytest.approx((2 * value - high, min(2 * value - low, 1)), abs=1e-9)
    assert (found["cost"], *found["cost_ci"]) == (0, 0, 0)


@pytest.mark.parametrize("unseen", [UNSEEN, {"class0"}])
def test_labels_of_unseen_classes_count_for_nothing_in_calibration(unseen: set[str]) -> None:
    # Another truth wherever an unseen class is: a rule that had looked would be another one.
    columns = [1 + CALIB.classes.index(name) for name in unseen]
    pixels = CALIB.histogram.toarray()
    pixels[:, columns] = pixels[::-1][:, columns] + 7
    other = replace(CALIB, histogram=type(CALIB.histogram)(pixels))
    for rule in (Threshold, PerClass):
        first, second = (unseen_labels(rule(), calib, TEST, CASE.vocabulary, unseen) for calib in (CALIB, other))
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(unseen_labels(None, CALIB, TEST, CASE.vocabulary, unseen), label_oracle(TEST))


def test_an_unseen_class_takes_what_a_rule_has_for_classes_without_pixels() -> None:
    fitted = PerClass().fit(without_labels(CALIB, UNSEEN), CASE.vocabulary)
    assert fitted.thresholds[1] == fitted.thresholds[3] == fitted.single
    assert "class1" in fitted.warnings[-1]
