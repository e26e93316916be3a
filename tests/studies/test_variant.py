"""Figures of strategies on the segments of another model, against label maps and against the evaluation by hand."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from groupseg.metrics.bootstrap import resample_weights
from groupseg.metrics.oracle import label_oracle
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.threshold import Threshold
from groupseg.studies.variant import oracle_figures, strategy_figures
from tests.tables import Case, miou_from_maps, random_case

CASE = random_case(3, images=12)
CALIB, TEST = CASE.table.subset(range(6)), CASE.table.subset(range(6, 12))
WEIGHTS = resample_weights(6, 200, 0)


def basic_interval(case: Case, labels: NDArray[np.int32], weights: NDArray[np.int32]) -> list[float]:
    """The interval, from maps that come as often as a resample has them, spread to the error of the jackknife."""

    def miou(drawn: NDArray[np.int32]) -> float:
        images = np.repeat(np.arange(len(drawn)), drawn)
        return miou_from_maps(replace(case, truth=case.truth[images], segments=case.segments[images]), labels)

    count = weights.shape[1]
    value, found = miou(np.ones(count, np.int32)), np.array([miou(drawn) for drawn in weights])
    left_out = [miou(drawn) for drawn in 1 - np.eye(count, dtype=np.int32)]
    wider = max(1, np.sqrt((count - 1) * np.var(left_out)) / found.std())
    low, high = np.percentile(found.mean() + (found - found.mean()) * wider, [2.5, 97.5])
    return [2 * value - high, 2 * value - low]


def test_a_strategy_is_fitted_on_one_split_and_judged_on_the_other() -> None:
    found = strategy_figures(Threshold(), CALIB, TEST, CASE.vocabulary, WEIGHTS)
    labels = Threshold().fit(CALIB, CASE.vocabulary).predict(TEST, CASE.vocabulary)
    maps = Case(TEST, CASE.vocabulary, CASE.truth[6:], CASE.segments[6:] - CASE.segments[6:].min())
    assert found["miou"] == pytest.approx(miou_from_maps(maps, labels), abs=1e-12)
    assert found["miou_ci"] == pytest.approx(basic_interval(maps, labels, WEIGHTS), abs=1e-9)
    assert (
        found["miou"] < oracle_figures(TEST, WEIGHTS)["miou"] == pytest.approx(miou_from_maps(maps, label_oracle(TEST)))
    )


def test_cross_fitted_images_are_judged_by_copies_that_have_not_seen_them() -> None:
    table = replace(CASE.table, protocol={**CASE.table.protocol, "crossfit": "3"})
    found = strategy_figures(Threshold(), table, table, CASE.vocabulary, resample_weights(12, 10, 0))
    labels = CrossFit(Threshold(), 3).fit(table, CASE.vocabulary).predict(table, CASE.vocabulary)
    assert found["miou"] == pytest.approx(miou_from_maps(CASE, labels), abs=1e-12)
    seen = Threshold().fit(table, CASE.vocabulary).predict(table, CASE.vocabulary)
    assert not np.array_equal(labels, seen)
