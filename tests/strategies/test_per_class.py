"""Thresholds per class: what they are worth, and how they shrink."""

import json
import math
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit, logit

from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.iou import iou_summary
from groupseg.strategies import per_class
from groupseg.strategies.folds import tuning_folds
from groupseg.strategies.per_class import PerClass
from groupseg.strategies.scores import SCORES, ScoreName
from groupseg.strategies.threshold import Threshold
from tests.tables import as_background, large_table, miou, random_case, unit


def shrunk_by(shrinkage: float, monkeypatch: pytest.MonkeyPatch, score: ScoreName = "product") -> PerClass:
    """A strategy with one shrinkage to choose from; valid for the rest of the test."""
    monkeypatch.setattr(per_class, "SHRINKAGES", (shrinkage,))
    return PerClass(score=score)


@pytest.mark.parametrize(("seed", "score"), zip(range(20), cycle(SCORES), strict=False))
def test_never_below_the_single_threshold_before_shrinkage(
    seed: int, score: ScoreName, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = random_case(seed, images=8, classes=1 + seed % 6, background=seed % 4 > 0)
    single = Threshold(score=score).fit(case.table, case.vocabulary)
    shrunk = PerClass(score=score).fit(case.table, case.vocabulary)
    assert single.miou - 1e-12 <= shrunk.unshrunk_miou <= shrunk.upper_bound + 1e-12
    assert shrunk.miou == pytest.approx(miou(case.table, shrunk.predict(case.table, case.vocabulary)), abs=1e-12)
    if case.table.with_background:
        assert shrunk.single == single.threshold
        assert shrunk.miou <= shrunk.unshrunk_miou + 1e-12

        strategy = shrunk_by(0.0, monkeypatch, score).fit(case.table, case.vocabulary)
        assert strategy.miou == pytest.approx(strategy.unshrunk_miou, abs=1e-12)
        assert strategy.unshrunk_miou == shrunk.unshrunk_miou


@pytest.mark.parametrize("score", SCORES)
def test_shrinkage_by_hand(score: ScoreName, monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(3, images=10, classes=4)
    own = shrunk_by(0.0, monkeypatch, score).fit(case.table, case.vocabulary)
    shrunk = shrunk_by(5.0, monkeypatch, score).fit(case.table, case.vocabulary)
    assert (own.shrinkage, shrunk.shrinkage) == (0, 5)
    label, _ = own.candidates(case.table, case.vocabulary)
    assert len(set(own.thresholds)) > 1
    for name in range(1, 5):
        weight = np.sum(label == name) / (np.sum(label == name) + 5)
        parts = np.array([own.thresholds[name - 1], own.single])
        if score in ("cosine", "normalised"):
            expected = parts @ [weight, 1 - weight]
        else:
            expected = expit(logit(np.minimum(parts, 1 - 1e-12)) @ [weight, 1 - weight])
        assert shrunk.thresholds[name - 1] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_infinite_shrinkage_is_the_single_threshold(score: ScoreName, monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(4, images=10)
    strategy = shrunk_by(math.inf, monkeypatch, score).fit(case.table, case.vocabulary)
    assert strategy.thresholds == [strategy.single] * 3
    assert strategy.shrinkage is None
    assert strategy.miou == pytest.approx(Threshold(score=score).fit(case.table, case.vocabulary).miou, abs=1e-12)
    assert json.loads(json.dumps(strategy.to_json(), allow_nan=False))["fitted"]["shrinkage"] is None


@pytest.mark.parametrize(("seed", "score"), enumerate(SCORES))
def test_cross_validation_by_hand(seed: int, score: ScoreName, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fold by itself, with tables that hold no image of the others."""
    case = random_case(seed, images=13, classes=3)
    held = [np.unique(case.table.image[judged]) for _, judged in tuning_folds(case.table)]
    assert len(held) == 5
    chosen = PerClass(score=score).fit(case.table, case.vocabulary)
    expected = []
    for shrinkage in per_class.SHRINKAGES:
        with monkeypatch.context() as patch:
            strategy = shrunk_by(shrinkage, patch, score)
            counts = []
            for images in held:
                strategy.fit(case.table.subset(np.setdiff1d(np.arange(13), images)), case.vocabulary)
                judged = case.table.subset(images)
                counts.append(image_counts(judged, strategy.predict(judged, case.vocabulary)).total())
        parts = [np.stack([getattr(part, name) for part in counts]) for name in ("tp", "predicted", "truth")]
        expected.append(iou_summary(Counts(*parts))["miou"])
    np.testing.assert_allclose(chosen.tried["miou"], expected, atol=1e-12)
    assert chosen.tried["shrinkage"] == [None, *per_class.SHRINKAGES[1:]]
    assert chosen.shrinkage == chosen.tried["shrinkage"][int(np.argmax(expected))]


def test_many_images_leave_thresholds_alone_and_few_do_not() -> None:
    table, vocabulary = large_table(1, segments=4000, classes=4, images=400)
    assert (PerClass(score="cosine").fit(table, vocabulary).shrinkage or 0) < 1000
    few = [PerClass(score="cosine").fit(table.subset(np.arange(n, n + 4)), vocabulary) for n in range(0, 40, 4)]
    assert sum(strategy.shrinkage is None for strategy in few) >= 3


@pytest.mark.parametrize("labelled", [1, 2, 7])
def test_images_without_labels_are_no_fold(labelled: int) -> None:
    case = random_case(8, images=9)
    pixels = case.table.histogram.toarray()
    pixels[case.table.image >= labelled] = 0
    table = replace(case.table, histogram=csr_array(pixels))
    strategy = PerClass().fit(table, case.vocabulary)
    one = "Only one calibration image has labels: all classes take the single threshold."
    assert (one in strategy.warnings) == (labelled == 1)
    assert strategy.tried == PerClass().fit(table.subset(np.arange(labelled)), case.vocabulary).tried
    if labelled == 1:
        assert strategy.tried == {"shrinkage": [], "miou": []}
        assert strategy.thresholds == [strategy.single] * 3


def test_class_without_calibration_pixels_takes_the_single_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(5, images=8, classes=4)
    table = as_background(case.table, [2])
    strategy = shrunk_by(0.0, monkeypatch).fit(table, case.vocabulary)
    assert strategy.thresholds[1] == strategy.single
    assert strategy.warnings == ["No calibration pixel of class1. They take the single threshold."]


@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_class_that_no_segment_is_nearest_to_takes_the_single_threshold(
    shrinkage: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = random_case(6, images=8)
    text = case.text.copy()
    text[2] = 0.9 * text[0]
    case.table.embedding[:] = unit(case.table.embedding + 2 * text[0])
    vocabulary = replace(case.vocabulary, text=text)
    strategy = shrunk_by(shrinkage, monkeypatch, "cosine").fit(case.table, vocabulary)
    label, _ = strategy.candidates(case.table, vocabulary)
    assert not np.any(label == 3)
    assert case.table.histogram.sum(axis=0)[3] > 0
    assert strategy.thresholds[2] == strategy.single


@pytest.mark.parametrize("score", SCORES)
def test_one_class(score: ScoreName) -> None:
    case = random_case(7, classes=1)
    single = Threshold(score=score).fit(case.table, case.vocabulary)
    strategy = PerClass(score=score).fit(case.table, case.vocabulary)
    np.testing.assert_array_equal(
        strategy.predict(case.table, case.vocabulary), single.predict(case.table, case.vocabulary)
    )
