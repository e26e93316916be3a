"""The threshold curve against brute force over all thresholds on label maps."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from groupseg.metrics import curve as module
from groupseg.metrics.confusion import Counts, confusion_from_maps, image_counts
from groupseg.metrics.curve import Curve, midpoints, threshold_curve
from groupseg.metrics.iou import iou, mean_iou
from groupseg.segments import blocks
from tests.tables import Case, large_table, permuted, random_case


def brute_force(case: Case, label: np.ndarray, score: np.ndarray, threshold: float) -> tuple[float, float]:
    """MIoU and background IoU of one threshold, from label maps."""
    painted = np.where(score >= threshold, label, 0)[case.segments]
    matrix = confusion_from_maps(case.truth, painted, len(case.table.classes))
    counts = Counts(np.diagonal(matrix), matrix.sum(axis=0), matrix.sum(axis=1))
    return float(mean_iou(counts)), float(iou(counts)[0])


def summed_iou(case: Case, label: np.ndarray, score: np.ndarray, threshold: float) -> float:
    """The sum of the IoUs of one threshold; 0 of labels without true pixels."""
    counts = image_counts(case.table, np.where(score >= threshold, label, 0)).total()
    return float(np.nansum(iou(counts)))


def candidates(case: Case, seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    count, classes = len(case.table.image), len(case.table.classes)
    # Not each class is predicted, and some are that have no pixel.
    label = random.integers(1, 1 + random.integers(1, classes + 1), count)
    score = random.integers(0, 7, count) / 7 if ties else random.random(count)
    return label.astype(np.int32), score


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.floats(0, 0.9), st.booleans(), st.booleans())
@settings(max_examples=50, deadline=None)
def test_curve_is_brute_force(seed: int, classes: int, ignored: float, ties: bool, background: bool) -> None:
    case = random_case(seed, images=2, classes=classes, per_image=6, ignored=ignored, background=background)
    label, score = candidates(case, seed, ties)
    curve = threshold_curve(label, score, case.table.histogram)
    np.testing.assert_array_equal(curve.thresholds[1:], np.unique(score)[::-1])
    assert curve.thresholds[0] > score.max()
    expected = [brute_force(case, label, score, threshold) for threshold in curve.thresholds]
    np.testing.assert_allclose(curve.miou, [miou for miou, _ in expected], rtol=0, atol=1e-12)
    np.testing.assert_allclose(curve.background_iou, [value for _, value in expected], rtol=0, atol=1e-12)

    # Held to the labels that have true pixels, the sum of their IoUs is divided by as many, whatever is predicted.
    there = np.count_nonzero(case.table.histogram.sum(axis=0))
    held = threshold_curve(label, score, case.table.histogram, held=True)
    sums = [summed_iou(case, label, score, threshold) for threshold in curve.thresholds]
    np.testing.assert_allclose(held.miou, np.array(sums) / there if there else np.nan, rtol=0, atol=1e-12)

    # No threshold at all is better than the best, and the threshold named does what is said of it.
    threshold, best = curve.best()
    everything = np.concatenate([curve.thresholds, np.linspace(-0.1, 1.1, 50), [threshold]])
    values = [brute_force(case, label, score, value)[0] for value in everything]
    assert best == pytest.approx(max(values), abs=1e-12)
    assert values[-1] == pytest.approx(best, abs=1e-12)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_renaming_classes_changes_nothing(seed: int) -> None:
    case = random_case(seed)
    label, score = candidates(case, seed, ties=False)
    order = np.random.default_rng(seed).permutation(3)
    renamed = np.argsort(np.append(0, order + 1))[label]
    found = threshold_curve(renamed, score, permuted(case, order).table.histogram)
    np.testing.assert_array_equal(found.miou, threshold_curve(label, score, case.table.histogram).miou)


@pytest.mark.parametrize("ties", [True, False])
def test_a_curve_in_ranges_is_that_of_all_scores_at_once(ties: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    table = large_table(1, segments=600, classes=7, images=60)[0]
    random = np.random.default_rng(1)
    label, score = random.integers(1, 8, 600), random.integers(0, 9, 600) / 9 if ties else random.random(600)
    whole = threshold_curve(label, score, table.histogram)
    monkeypatch.setattr(module, "_RANGE", 50)
    monkeypatch.setattr(blocks, "SPILL", 1000)
    for name, found in vars(threshold_curve(label, score, table.histogram)).items():
        np.testing.assert_array_equal(found, getattr(whole, name))


def test_memory_of_a_curve_does_not_grow_with_the_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RANGE", 2**12)
    monkeypatch.setattr(blocks, "SPILL", 2**12)
    random, peaks = np.random.default_rng(0), []
    counts = 20_000, 80_000
    for count in counts:
        label, score = random.integers(1, 21, count), random.random(count)
        histogram = csr_array((np.ones(count, np.int64), (np.arange(count), label)), shape=(count, 21))
        tracemalloc.start()
        threshold_curve(label, score, histogram)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # A score and a row number, and a flag or two; steps, all at once, would be 20 numbers of 8 bytes.
    assert (peaks[1] - peaks[0]) / (counts[1] - counts[0]) < 24


def test_best_threshold_is_half_way_to_the_next_score() -> None:
    curve = Curve(np.array([0.9, 0.6, 0.2]), np.array([0.1, 0.5, 0.3]), np.zeros(3))
    assert curve.best() == (pytest.approx(0.4), 0.5)
    lowest = Curve(np.array([0.9, 0.6, 0.2]), np.array([0.1, 0.2, 0.3]), np.zeros(3))
    assert lowest.best() == (pytest.approx(0.1999), 0.3)


def test_between_neighbouring_floats_the_upper_one_is_taken() -> None:
    upper = np.nextafter(0.3, 1)
    assert midpoints(np.array([upper, 0.3]))[0] == upper


@pytest.mark.parametrize("lowest", [0.5, 0.0, -0.5])
def test_the_lowest_threshold_is_not_above_the_lowest_score(lowest: float) -> None:
    assert lowest - 0.001 < midpoints(np.array([0.9, lowest]))[1] <= lowest


def test_thin_keeps_first_last_and_best() -> None:
    miou = np.random.default_rng(0).random(2000)
    curve = Curve(np.linspace(1, 0, 2000), miou, miou)
    thin = curve.thin()
    assert len(thin.miou) <= 500
    assert {thin.thresholds[0], thin.thresholds[-1]} == {0, 1}
    assert thin.best()[1] == curve.best()[1]
    assert np.all(np.diff(thin.thresholds) < 0)
    assert curve.thin(2000) is curve


def test_no_segment_gives_one_point() -> None:
    table = random_case(0).table.subset([])
    curve = threshold_curve(np.zeros(0, int), np.zeros(0), table.histogram)
    assert len(curve.thresholds) == 1
    assert np.isnan(curve.miou[0])
