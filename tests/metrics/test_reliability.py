"""Reliability against scikit-learn on single pixels."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from groupseg.metrics.reliability import reliability
from groupseg.strategies.scores import best_class
from tests.tables import IGNORE, random_case


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("edges", [False, True])
def test_bins_are_those_of_scikit_learn(seed: int, edges: bool) -> None:
    case = random_case(seed, images=6, ignored=0.3)
    label, score = best_class("softmax", case.table, case.vocabulary)
    if edges:
        score = np.linspace(0, 1, 11)[np.random.default_rng(seed).integers(0, 11, len(score))]
    found = reliability(label, score, case.table.histogram)
    labelled = case.truth != IGNORE
    right = (case.predicted(label) == case.truth)[labelled]
    accuracy, confidence = calibration_curve(right, score[case.segments][labelled], n_bins=10)
    some = found.pixels > 0
    np.testing.assert_allclose(found.accuracy[some], accuracy)
    np.testing.assert_allclose(found.confidence[some], confidence)
    assert np.isnan(found.accuracy[~some]).all()
    assert np.isnan(found.confidence[~some]).all()
    assert found.segments.sum() == len(score)
    assert found.pixels.sum() == labelled.sum()
    assert np.all((found.confidence >= found.low - 1e-12) & (found.confidence <= found.high + 1e-12) | ~some)


def test_bins_cover_zero_to_one() -> None:
    table = random_case(0).table
    found = reliability(np.ones(20), np.append(np.zeros(10), np.ones(10)), table.histogram, bins=4)
    assert found.low.tolist() == [0, 0.25, 0.5, 0.75]
    assert found.high.tolist() == [0.25, 0.5, 0.75, 1]
    assert found.segments.tolist() == [10, 0, 0, 10]


@pytest.mark.parametrize("score", [-0.1, 1.1, np.nan])
def test_a_score_that_is_no_share_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match=r"`score` in 0\.\.1"):
        reliability(np.ones(20), np.full(20, score), random_case(0).table.histogram)


def test_no_segment_gives_empty_bins() -> None:
    found = reliability(np.zeros(0), np.zeros(0), random_case(0).table.subset([]).histogram)
    assert not found.segments.any()
    assert np.isnan(found.accuracy).all()
