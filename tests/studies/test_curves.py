"""Threshold curves, read at any threshold, against counting anew."""

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import mean_iou
from groupseg.strategies.threshold import Threshold
from groupseg.studies.curves import miou_at, prediction_curve
from tests.tables import random_case


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), distinct=st.integers(1, 8))
def test_a_curve_is_read_as_a_step_function(seed: int, distinct: int) -> None:
    random, table = np.random.default_rng(seed), random_case(seed % 7).table
    label, score = random.integers(1, 4, len(table.image)), random.integers(0, distinct, len(table.image)) / 4
    curve = threshold_curve(label, score, table.histogram)
    thresholds = np.append(np.unique(score), random.uniform(-1, 3, 10))
    expected = [mean_iou(image_counts(table, np.where(score >= one, label, 0)).total()) for one in thresholds]
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
        expected.append(mean_iou(image_counts(test, moved.predict(test, case.vocabulary)).total()))
    np.testing.assert_allclose(miou_at(curve, thresholds), expected, atol=1e-12)
