"""Thresholds of one data set on another."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import mean_iou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import SingleThreshold
from groupseg.strategies.registry import build
from groupseg.strategies.threshold import Threshold
from groupseg.studies.transfer import common_threshold, miou_at, transfer
from tests.tables import random_case

CASES = {"a": random_case(0, images=6), "b": random_case(1, images=9, classes=5), "c": random_case(2, classes=2)}
CALIB = {name: case.table.subset(np.arange(len(case.table.keys) // 2)) for name, case in CASES.items()}
TEST = {
    name: case.table.subset(np.arange(len(case.table.keys) // 2, len(case.table.keys))) for name, case in CASES.items()
}
WORDS = {name: case.vocabulary for name, case in CASES.items()}
SCORES = ["cosine", "product"]


def predicted_miou(strategy: SingleThreshold, threshold: float, table: SegmentTable, vocabulary: Vocabulary) -> float:
    """mIoU of what the strategy predicts with another threshold."""
    moved = deepcopy(strategy)
    moved.threshold = threshold
    return float(mean_iou(image_counts(table, moved.predict(table, vocabulary)).total()))


def matrix(**changes: object) -> pd.Series:
    strategies = {score: build({"rule": "threshold", "score": score}) for score in SCORES}
    found = transfer(strategies, **({"calib": CALIB, "test": TEST, "vocabularies": WORDS} | changes))
    assert list(found.columns) == ["strategy", "from", "to", "miou"]
    return found.set_index(["strategy", "from", "to"]).miou


@pytest.mark.parametrize("score", SCORES)
def test_each_cell_is_what_the_strategy_predicts_with_that_threshold(score: str) -> None:
    found = matrix()
    assert len(found) == len(SCORES) * 4 * 3
    for source in CASES:
        threshold = Threshold(score=score).fit(CALIB[source], WORDS[source]).threshold
        for target in CASES:
            own = Threshold(score=score).fit(CALIB[target], WORDS[target])
            expected = predicted_miou(own, threshold, TEST[target], WORDS[target])
            assert found[score, source, target] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_no_constant_beats_the_common_one_on_the_calibration_images(score: str) -> None:
    fitted = {name: Threshold(score=score).fit(CALIB[name], WORDS[name]) for name in CASES}
    candidates = {name: own.candidates(CALIB[name], WORDS[name]) for name, own in fitted.items()}

    def mean(threshold: float) -> float:
        return float(np.mean([predicted_miou(fitted[name], threshold, CALIB[name], WORDS[name]) for name in CASES]))

    scores = np.unique(np.concatenate([score for _, score in candidates.values()]))
    tried = np.concatenate([scores, scores[:1] - 1, scores[-1:] + 1, (scores[1:] + scores[:-1]) / 2])
    chosen = common_threshold([threshold_curve(*candidates[name], CALIB[name].histogram) for name in CASES])
    assert mean(chosen) == pytest.approx(max(map(mean, tried)), abs=1e-12)
    for name in CASES:
        expected = predicted_miou(fitted[name], chosen, TEST[name], WORDS[name])
        assert matrix()[score, "all", name] == pytest.approx(expected, abs=1e-12)


def test_the_common_threshold_of_one_data_set_is_its_own() -> None:
    one = {"calib": {"a": CALIB["a"]}, "test": {"a": TEST["a"]}, "vocabularies": {"a": WORDS["a"]}}
    found = matrix(**one)
    assert found["cosine", "all", "a"] == found["cosine", "a", "a"]


def test_only_what_has_a_calibrated_threshold_is_moved() -> None:
    params = [
        {"rule": "fixed", "threshold": 0.5},
        {"rule": "per_class"},
        {"rule": "relative"},
    ]
    found = transfer({entry["rule"]: build(entry) for entry in params}, CALIB, TEST, WORDS)
    assert set(found.strategy) == {"relative"}
    assert list(transfer({}, CALIB, TEST, WORDS).columns) == ["strategy", "from", "to", "miou"]


def test_no_threshold_matters_where_there_is_no_background() -> None:
    case = random_case(3, classes=4, background=False)
    calib, test = CALIB | {"d": case.table.subset([0, 1])}, TEST | {"d": case.table.subset([2, 3])}
    found = matrix(calib=calib, test=test, vocabularies=WORDS | {"d": case.vocabulary})
    labels = Threshold(score="cosine").candidates(test["d"], case.vocabulary)[0]
    expected = float(mean_iou(image_counts(test["d"], labels).total()))
    for source in [*calib, "all"]:
        assert found["cosine", source, "d"] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), distinct=st.integers(1, 8))
def test_a_curve_is_read_as_a_step_function(seed: int, distinct: int) -> None:
    random, table = np.random.default_rng(seed), random_case(seed % 7).table
    label, score = random.integers(1, 4, len(table.image)), random.integers(0, distinct, len(table.image)) / 4
    curve = threshold_curve(label, score, table.histogram)
    thresholds = np.append(np.unique(score), random.uniform(-1, 3, 10))
    expected = [mean_iou(image_counts(table, np.where(score >= one, label, 0)).total()) for one in thresholds]
    np.testing.assert_allclose(miou_at(curve, thresholds), expected, atol=1e-12)


def test_strategies_are_left_as_they_are() -> None:
    strategy = Threshold()
    transfer({"global": strategy}, CALIB, TEST, WORDS)
    assert not hasattr(strategy, "threshold")


def test_what_else_is_fitted_stays_that_of_the_data_set() -> None:
    class Centred(Threshold):
        """Scores less their mean on the calibration images: means differ, thresholds must not move them."""

        mean = 0.0

        def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> "Centred":
            self.mean = float(super().candidates(table, vocabulary)[1].mean())
            return super().fit(table, vocabulary)

        def candidates(self, table: SegmentTable, vocabulary: Vocabulary):  # noqa: ANN202
            label, score = super().candidates(table, vocabulary)
            return label, score - self.mean

    found = transfer({"x": Centred(score="cosine")}, CALIB, TEST, WORDS)
    found = found.set_index(["from", "to"]).miou
    source, target = (Centred(score="cosine").fit(CALIB[name], WORDS[name]) for name in ("a", "b"))
    assert found["a", "b"] == pytest.approx(predicted_miou(target, source.threshold, TEST["b"], WORDS["b"]), abs=1e-12)
