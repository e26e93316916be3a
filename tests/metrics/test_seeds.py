"""Intervals over images and seeds, against scipy and against samples whose truth is known."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from groupseg.metrics.seeds import Spread, reach, spread_within


def test_without_an_error_over_images_it_is_the_interval_of_student() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, 4)
    half = reach(0.0, spread_within([values]), 1 / 4)
    ends = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (values.mean() - half, values.mean() + half) == pytest.approx(ends)


def test_of_two_kinds_it_is_the_interval_of_the_pooled_t_test() -> None:
    first, second = np.random.default_rng(1).normal(0.5, 0.1, 3), np.random.default_rng(2).normal(0.4, 0.1, 4)
    half = reach(0.0, spread_within([first, second]), 1 / 3 + 1 / 4)
    ends = stats.ttest_ind(first, second).confidence_interval(0.95)
    change = first.mean() - second.mean()
    assert (change - half, change + half) == pytest.approx(ends)


def test_one_training_says_nothing_of_seeds() -> None:
    assert spread_within([[0.5], [0.1], []]) == Spread(0.0, 0)
    assert reach(0.02, Spread(0.0, 0), 1.0) == 0.02
    assert spread_within([[0.5, 0.6], [0.1]]).freedom == 1


@pytest.mark.parametrize(("seeds", "spread"), [(3, 0.02), (3, 0.005), (3, 0.0), (2, 0.01), (5, 0.01)])
def test_intervals_hold_the_truth(seeds: int, spread: float) -> None:
    # All seeds have the same images, and thus one error in common.
    random = np.random.default_rng(seeds)
    common, own = 0.01, 0.004
    image = 1.96 * np.hypot(common, own)
    held = []
    for _ in range(2000):
        values = random.normal(0, common) + random.normal(0, own, seeds) + random.normal(0, spread, seeds)
        held.append(abs(values.mean()) <= reach(image, spread_within([values]), 1 / seeds))
    assert np.mean(held) >= 0.94


def test_a_bootstrap_of_three_seeds_would_not() -> None:
    values = np.random.default_rng(0).normal(size=(4000, 3))
    means = np.stack([values[:, list(drawn)].mean(axis=1) for drawn in product(range(3), repeat=3)], axis=1)
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    assert np.mean((low <= 0) & (high >= 0)) == pytest.approx(2 / 3, abs=0.03)
