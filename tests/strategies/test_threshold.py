"""The best single threshold: none is better on the calibration images."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from groupseg.strategies.fixed import Fixed
from groupseg.strategies.scores import SCORES, ScoreName
from groupseg.strategies.threshold import Threshold
from tests.tables import Case, as_background, miou, random_case


def miou_of(strategy: Fixed | Threshold, case: Case) -> float:
    return miou(case.table, strategy.predict(case.table, case.vocabulary))


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("seed", range(10))
def test_no_constant_is_better_on_the_calibration_images(seed: int, score: ScoreName) -> None:
    case = random_case(seed, classes=1 + seed % 5)
    strategy = Threshold(score=score).fit(case.table, case.vocabulary)
    assert miou_of(strategy, case) == pytest.approx(strategy.miou, abs=1e-12)
    for constant in np.linspace(-1, 1.5, 26):
        assert miou_of(Fixed(threshold=constant, clamp=False, score=score), case) <= strategy.miou + 1e-12
    # The rule is one and the same.
    np.testing.assert_array_equal(
        Fixed(threshold=strategy.threshold, clamp=False, score=score).predict(case.table, case.vocabulary),
        strategy.predict(case.table, case.vocabulary),
    )


def test_curve_is_recorded() -> None:
    case = random_case(0, images=3)
    record = Threshold().fit(case.table, case.vocabulary).to_json()
    assert len(record["curve"]["threshold"]) == len(record["curve"]["miou"]) == 16
    assert max(record["curve"]["miou"]) == record["fitted"]["miou"]
    json.dumps(record, allow_nan=False)


def test_constant_scores_are_warned_of() -> None:
    case = random_case(1, classes=1)
    # With one class the softmax is 1 everywhere.
    strategy = Threshold(score="softmax").fit(case.table, case.vocabulary)
    assert strategy.warnings == ["All segments score 1: no threshold can tell them apart."]
    labels = strategy.predict(case.table, case.vocabulary)
    assert len(np.unique(labels)) == 1
    assert strategy.miou == max(miou_of(Fixed(threshold=t, clamp=False, score="softmax"), case) for t in (0, 2))


def test_a_threshold_at_either_end_is_warned_of() -> None:
    case = random_case(2, background=False)
    # Of data without background that is as it should be.
    assert Threshold().fit(case.table, case.vocabulary).warnings == []
    # All are named right, and background lies where a class is surest alone: to find it, all would have to be given up.
    label, score = Threshold().candidates(case.table, case.vocabulary)
    pixels = np.zeros(case.table.histogram.shape, np.int64)
    pixels[np.arange(len(label)), label] = 10
    pixels[score.argmax(), 0] = 1
    little = replace(case.table, histogram=csr_array(pixels), with_background=True)
    strategy = Threshold().fit(little, case.vocabulary)
    assert strategy.warnings == ["The best single threshold calls nothing background."]
    assert np.all(strategy.predict(little, case.vocabulary) > 0)

    empty = replace(as_background(case.table, [1, 2, 3]), with_background=True)
    strategy = Threshold().fit(empty, case.vocabulary)
    assert strategy.warnings == ["The best single threshold calls everything background."]
    assert np.all(strategy.predict(empty, case.vocabulary) == 0)
    assert strategy.miou == 1
