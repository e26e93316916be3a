"""Plug-in thresholds: on scores that are true probabilities no threshold is better."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.isotonic import IsotonicRegression

from groupseg.metrics.confusion import image_counts
from groupseg.strategies.isotonic import Isotonic
from groupseg.strategies.plug_in import PlugIn, highest_iou
from groupseg.strategies.scores import SCORES
from tests.tables import as_background, large_table, miou, random_case, vocabulary


@pytest.mark.parametrize("seed", range(20))
def test_the_fixed_point_is_the_best_of_all_sets(seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(1, 50, 9)
    right = (random.integers(0, 1 + pixels)).astype(np.float64)
    elsewhere = int(random.integers(0, 60))
    truth = int(right.sum()) + elsewhere + 1
    chosen = (np.arange(2**9)[:, None] >> np.arange(9)) % 2 == 1
    tp = chosen @ right
    ious = tp / (truth + chosen @ (pixels - right))
    found = highest_iou(right / pixels, pixels, truth)
    assert found == pytest.approx(ious.max(), abs=1e-12)
    # The set itself, where the brute force has it.
    mine = right / pixels >= found / (1 + found)
    assert (right[mine].sum()) / (truth + (pixels - right)[mine].sum()) == pytest.approx(ious.max(), abs=1e-12)


def test_calibrated_scores_get_the_best_threshold_of_each_class() -> None:
    # Two classes whose cosines are, but for a factor, the share of right pixels.
    random = np.random.default_rng(0)
    count, pixels = 400, 10_000
    label = random.integers(1, 3, count)
    share = np.where(label == 1, random.integers(1, 20, count) / 20, random.integers(1, 10, count) / 20)
    cosines = np.zeros((count, 2))
    cosines[np.arange(count), label - 1] = share
    histogram = np.zeros((count, 3), dtype=np.int64)
    histogram[np.arange(count), label] = (share * pixels).round()
    histogram[:, 0] = pixels - histogram.sum(axis=1)
    embedding = np.hstack([cosines, np.sqrt(1 - (cosines**2).sum(axis=1, keepdims=True))]).astype(np.float32)
    case = random_case(0, images=80, classes=2, width=3)
    table = replace(case.table, embedding=embedding, histogram=csr_array(histogram))
    words = vocabulary(table.classes, np.eye(3, dtype=np.float32)[:2])
    strategy = PlugIn().fit(table, words)
    found = image_counts(table, strategy.predict(table, words)).total()
    for row in (1, 2):
        mine = label == row
        truth = histogram[:, row].sum()
        ious = [
            histogram[mine & (share >= cut), row].sum()
            / (truth + pixels * np.count_nonzero(mine & (share >= cut)) - histogram[mine & (share >= cut), row].sum())
            for cut in np.unique(share)
        ]
        iou = found.tp[row] / (found.truth[row] + found.predicted[row] - found.tp[row])
        assert iou == pytest.approx(max(ious), abs=1e-12)
        # J / (1 + J), but for the rounding of the curve.
        assert strategy.thresholds[row - 1] == pytest.approx(max(ious) / (1 + max(ious)), abs=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_isotonic_is_that_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    score = random.integers(-20, 20, 60) / 20 if seed % 2 else random.normal(size=60).round(5)
    pixels = random.integers(0, 1000, 60)
    right = random.integers(0, pixels + 1)
    labelled = pixels > 0
    model = IsotonicRegression(out_of_bounds="clip")
    model.fit(score[labelled], (right / np.maximum(pixels, 1))[labelled], pixels[labelled])
    asked = np.linspace(-2, 2, 101)
    np.testing.assert_allclose(Isotonic.fit(score, right, pixels)(asked), model.predict(asked), atol=2e-5)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("seed", range(4))
def test_thresholds_are_shares_of_at_most_one_half(seed: int, score: Any) -> None:
    case = random_case(seed, images=8, classes=1 + seed, background=seed != 3)
    strategy = PlugIn(score=score).fit(case.table, case.vocabulary)
    assert all(0 <= threshold <= 0.5 for threshold in strategy.thresholds)
    labels = strategy.predict(case.table, case.vocabulary)
    assert strategy.miou == pytest.approx(miou(case.table, labels), abs=1e-12)
    assert (labels > 0).all() or case.table.with_background


def test_a_class_without_pixels_takes_the_mean_threshold() -> None:
    case = random_case(1, images=12, classes=4)
    table = as_background(case.table, [2])
    strategy = PlugIn().fit(table, case.vocabulary)
    assert strategy.thresholds[1] == pytest.approx(np.mean(np.delete(strategy.thresholds, 1)))
    assert strategy.warnings == ["No calibration pixel of class1. They take the mean threshold."]


def test_one_image_and_constant_scores() -> None:
    case = random_case(0, images=1)
    strategy = PlugIn().fit(case.table, case.vocabulary)
    assert "One calibration image: all classes share one curve of probabilities." in strategy.warnings
    assert strategy.weights == [0, 0, 0]

    same = random_case(1, classes=1)
    constant = PlugIn(score="softmax").fit(same.table, same.vocabulary)
    assert "no threshold can tell them apart" in constant.warnings[0]
    assert np.unique(constant.predict(same.table, same.vocabulary)).size == 1


def test_only_background() -> None:
    case = random_case(2)
    table = as_background(case.table, [1, 2, 3])
    assert np.all(PlugIn().fit(table, case.vocabulary).predict(table, case.vocabulary) == 0)


def test_the_record_of_many_classes_is_small() -> None:
    table, words = large_table(0, segments=4800, classes=80, images=400)
    assert len(json.dumps(PlugIn().fit(table, words).to_json(), indent=1)) < 60_000
