"""Thresholds per class: what they are worth, and how they shrink."""

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit, logit

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import summary
from groupseg.strategies.per_class import PerClass
from groupseg.strategies.scores import SCORES, ScoreName
from groupseg.strategies.threshold import Threshold
from tests.tables import Case, large_table, random_case, unit


def miou(strategy: PerClass, case: Case) -> float:
    return summary(image_counts(case.table, strategy.predict(case.table, case.text)))["miou"]


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("seed", range(15))
def test_never_below_the_single_threshold_before_shrinkage(seed: int, score: ScoreName) -> None:
    case = random_case(seed, images=8, classes=1 + seed % 6, background=seed % 4 > 0)
    single = Threshold(score=score).fit(case.table, case.text)
    strategy = PerClass(score=score, shrinkage=0.0).fit(case.table, case.text)
    assert strategy.single == single.threshold
    assert single.miou - 1e-12 <= strategy.miou <= strategy.upper_bound + 1e-12
    assert strategy.miou == pytest.approx(strategy.unshrunk_miou, abs=1e-12)
    assert strategy.miou == pytest.approx(miou(strategy, case), abs=1e-12)

    shrunk = PerClass(score=score).fit(case.table, case.text)
    assert shrunk.unshrunk_miou == strategy.unshrunk_miou
    assert shrunk.miou == pytest.approx(miou(shrunk, case), abs=1e-12)
    assert shrunk.miou <= shrunk.unshrunk_miou + 1e-12


@pytest.mark.parametrize("score", SCORES)
def test_shrinkage_by_hand(score: ScoreName) -> None:
    case = random_case(3, images=10, classes=4)
    own = PerClass(score=score, shrinkage=0.0).fit(case.table, case.text)
    shrunk = PerClass(score=score, shrinkage=5.0).fit(case.table, case.text)
    label, _ = own.candidates(case.table, case.text)
    assert len(set(own.thresholds)) > 1
    for name in range(1, 5):
        weight = np.sum(label == name) / (np.sum(label == name) + 5)
        parts = np.array([own.thresholds[name - 1], own.single])
        if score == "cosine":
            expected = parts @ [weight, 1 - weight]
        else:
            expected = expit(logit(np.minimum(parts, 1 - 1e-12)) @ [weight, 1 - weight])
        assert shrunk.thresholds[name - 1] == pytest.approx(expected, abs=1e-12)


def test_much_shrinkage_is_the_single_threshold() -> None:
    case = random_case(4, images=10)
    strategy = PerClass(shrinkage=1e12).fit(case.table, case.text)
    np.testing.assert_allclose(strategy.thresholds, strategy.single, rtol=1e-9)


def test_class_without_calibration_pixels_takes_the_single_threshold() -> None:
    case = random_case(5, images=8, classes=4)
    pixels = case.table.histogram.toarray()
    pixels[:, 0] += pixels[:, 2]
    pixels[:, 2] = 0
    table = replace(case.table, histogram=csr_array(pixels))
    strategy = PerClass(shrinkage=0.0).fit(table, case.text)
    assert strategy.thresholds[1] == strategy.single
    assert strategy.warnings == ["No calibration pixel of class1. They take the single threshold."]


@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_class_that_no_segment_is_nearest_to_takes_the_single_threshold(shrinkage: float) -> None:
    case = random_case(6, images=8)
    text = case.text.copy()
    text[2] = 0.9 * text[0]
    case.table.embedding[:] = unit(case.table.embedding + 2 * text[0])
    strategy = PerClass(score="cosine", shrinkage=shrinkage).fit(case.table, text)
    label, _ = strategy.candidates(case.table, text)
    assert not np.any(label == 3)
    assert case.table.histogram.sum(axis=0)[3] > 0
    assert strategy.thresholds[2] == strategy.single


@pytest.mark.parametrize("score", SCORES)
def test_one_class(score: ScoreName) -> None:
    case = random_case(7, classes=1)
    single = Threshold(score=score).fit(case.table, case.text)
    strategy = PerClass(score=score).fit(case.table, case.text)
    np.testing.assert_array_equal(strategy.predict(case.table, case.text), single.predict(case.table, case.text))


def test_negative_shrinkage_is_an_error() -> None:
    with pytest.raises(UserError, match="`shrinkage` to be at least 0, but got -1"):
        PerClass(shrinkage=-1.0)


def test_fit_is_fast() -> None:
    table, text = large_table(0, segments=4800, classes=80, images=400)
    start = time.process_time()
    PerClass().fit(table, text)
    assert time.process_time() - start < 0.5
