"""Gains over images and seeds, against scipy and by hand."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from groupseg.metrics.seeds import spread_within
from groupseg.report.gains import Gain, Gains, mean_difference
from groupseg.report.trainings import Figure
from tests.report.made import dataset, results


def test_seeds_widen_an_interval_around_their_mean() -> None:
    values = [0.1, 0.12, 0.11]
    gain = Gain.over_seeds(values, Figure(0.1, 0.09, 0.13))
    half = stats.ttest_1samp(values, 0).confidence_interval(0.95).high - np.mean(values)
    assert gain.value == pytest.approx(0.11)
    assert (gain.low, gain.high) == pytest.approx((0.11 - np.hypot(0.01, half), 0.11 + np.hypot(0.03, half)))
    assert gain.seeds == (0.1, 0.12, 0.11)


def test_with_one_seed_the_interval_over_images_stands() -> None:
    gain = Gain.over_seeds([0.1], Figure(0.1, 0.09, 0.13))
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.1, 0.09, 0.13))


def test_a_difference_of_kinds_is_the_pooled_t_test_where_images_are_all_there_are() -> None:
    first, second = ([Figure(value, value, value) for value in kind] for kind in ((0.5, 0.52, 0.57), (0.4, 0.43, 0.41)))
    values = [[one.value for one in kind] for kind in (first, second)]
    gain = mean_difference(first, second, spread_within(values))
    assert (gain.low, gain.high) == pytest.approx(stats.ttest_ind(*values).confidence_interval(0.95))


def test_errors_over_images_add_by_squares_each_side_by_itself() -> None:
    gain = mean_difference([Figure(0.5, 0.47, 0.51)], [Figure(0.4, 0.39, 0.44)], spread_within([]))
    assert (gain.low, gain.high) == pytest.approx((0.1 - 0.05, 0.1 + np.hypot(0.01, 0.01)))


def test_strategies_gain_by_the_mean_of_their_seeds(tmp_path: Path) -> None:
    found = Gains(results(tmp_path, [dataset()], seeds=(0.01, 0.02)))
    gain = found.pairs("context", "global")["alpha"]
    assert gain.seeds == pytest.approx((0.2, 0.21, 0.22))
    assert gain.value == pytest.approx(0.21)
    back = found.pairs("global", "context")["alpha"]
    assert (back.low, back.high) == pytest.approx((-gain.high, -gain.low))


def test_the_highest_is_so_on_average_over_seeds(tmp_path: Path) -> None:
    one = dataset(miou={"fixed": 0.2, "global": 0.5, "context": 0.49})
    assert Gains(results(tmp_path / "a", [one])).winner(one) == "global"
    assert Gains(results(tmp_path / "b", [one], seeds=(0.03, 0.03))).winner(one) == "context"


def test_models_are_of_a_kind_by_their_settings(tmp_path: Path) -> None:
    models = [({"background_weight": 0.1}, 0.0), ({"background_weight": 0.1, "seed": 1}, 0.0), ({"seed": 1}, 0.0)]
    found = Gains(results(tmp_path, [dataset()], (0.0,), models))
    # The last is the first of the seeds again.
    assert [kind.names for kind in found.kinds] == [["m", "m1"], ["m2", "m3"]]
    assert [kind.changes for kind in found.kinds] == [{}, {"background_weight": 0.1}]
