"""Threshold curves, read at any threshold, against predicting anew."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import labelling_miou
from groupseg.segments.table import SegmentTable
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.fixed import Fixed
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.threshold import Threshold
from groupseg.studies.curves import POINTS, miou_at, prediction_curve
from tests.tables import Case, random_case, sliding_case


def miou(strategy: Strategy, table: SegmentTable, case: Case) -> float:
    return labelling_miou(table, strategy.predict(table, case.vocabulary))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), distinct=st.integers(1, 8))
def test_a_curve_is_read_as_a_step_function(seed: int, distinct: int) -> None:
    random, table = np.random.default_rng(seed), random_case(seed % 7).table
    label, score = random.integers(1, 4, len(table.image)), random.integers(0, distinct, len(table.image)) / 4
    curve = threshold_curve(label, score, table.histogram)
    thresholds = np.append(np.unique(score), random.uniform(-1, 3, 10))
    expected = [labelling_miou(table, np.where(score >= one, label, 0)) for one in thresholds]
    np.testing.assert_allclose(miou_at(curve, thresholds), expected, atol=1e-12)


@pytest.mark.parametrize("background", [True, False])
def test_a_strategy_is_on_its_curve_with_any_threshold(background: bool) -> None:
    case = random_case(4, images=6, background=background)
    calib, test = case.table.subset([0, 1, 2]), case.table.subset([3, 4, 5])
    strategy = Threshold(score="cosine").fit(calib, case.vocabulary)
    curve = prediction_curve(strategy, test, case.vocabulary)
    score = strategy.candidates(test, case.vocabulary)[1]
    thresholds = np.concatenate([[-2.0, strategy.threshold, 2.0], score])
    expected = []
    for threshold in thresholds:
        moved = deepcopy(strategy)
        moved.threshold = float(threshold)
        expected.append(miou(moved, test, case))
    np.testing.assert_allclose(miou_at(curve, thresholds), expected, atol=1e-12)


@pytest.mark.parametrize("folds", [0, 2])
@pytest.mark.parametrize(("clamp", "per_window"), [(True, True), (False, True), (True, False), (False, False)])
def test_the_curve_of_a_constant_is_that_of_its_own_rule(clamp: bool, per_window: bool, folds: int) -> None:
    case = sliding_case(3)
    strategy = Fixed(threshold=0.5, clamp=clamp, per_window=per_window)
    curve = prediction_curve(CrossFit(strategy, folds) if folds else strategy, case.table, case.vocabulary)
    assert np.all(np.diff(curve.thresholds) < 0)
    expected = [miou(replace(strategy, threshold=float(one)), case.table, case) for one in curve.thresholds]
    np.testing.assert_allclose(curve.miou, expected, atol=1e-12)
    averaged = threshold_curve(*strategy.candidates(case.table, case.vocabulary), case.table.histogram)
    same = not (clamp or per_window)
    assert len(curve.miou) == len(averaged.miou) if same else len(curve.miou) <= POINTS
    assert np.allclose(curve.miou, miou_at(averaged, curve.thresholds)) == same


def test_a_constant_decides_nothing_without_background() -> None:
    case = random_case(2, background=False)
    curve = prediction_curve(Fixed(threshold=0.9, clamp=True), case.table, case.vocabulary)
    assert curve.miou == pytest.approx(np.full(len(curve.miou), miou(Fixed(threshold=0.9), case.table, case)))
