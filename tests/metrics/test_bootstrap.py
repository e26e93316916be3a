"""The bootstrap against scipy.stats.bootstrap."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from groupseg.metrics.bootstrap import bootstrap_miou, interval, resample_weights
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.iou import mean_iou
from tests.tables import random_case


def counted(seed: int, images: int = 30) -> Counts:
    case = random_case(seed, images=images)
    labels = np.random.default_rng(seed).integers(0, 4, len(case.table.image))
    return image_counts(case.table, labels)


@pytest.mark.parametrize("seed", range(5))
def test_interval_is_that_of_scipy(seed: int) -> None:
    counts = counted(seed)

    def statistic(indices: np.ndarray) -> float:
        chosen = indices.astype(int)
        return float(mean_iou(Counts(counts.tp[chosen], counts.predicted[chosen], counts.truth[chosen]).total()))

    expected = bootstrap(
        (np.arange(30),),
        statistic,
        n_resamples=400,
        method="percentile",
        vectorized=False,
        rng=np.random.default_rng(seed),
    )
    values = bootstrap_miou(counts, resample_weights(30, 400, seed))
    np.testing.assert_allclose(np.sort(values), np.sort(expected.bootstrap_distribution), atol=1e-12)
    assert interval(values) == pytest.approx(tuple(expected.confidence_interval), abs=1e-12)
    low, high = interval(values)
    assert low < float(mean_iou(counts.total())) < high


def test_weights_draw_as_many_images_as_there_are() -> None:
    weights = resample_weights(7, 50, seed=3)
    assert weights.shape == (50, 7)
    assert np.all(weights.sum(axis=1) == 7)
    np.testing.assert_array_equal(weights, resample_weights(7, 50, seed=3))
    assert np.any(weights != resample_weights(7, 50, seed=4))
    np.testing.assert_allclose(
        bootstrap_miou(counted(0, 7), np.ones((1, 7), np.int32)), mean_iou(counted(0, 7).total())
    )


def test_a_strategy_differs_from_itself_by_nothing() -> None:
    counts, weights = counted(1), resample_weights(30, 100, seed=0)
    assert interval(bootstrap_miou(counts, weights) - bootstrap_miou(counts, weights)) == (0, 0)


@pytest.mark.parametrize(("images", "resamples"), [(0, 10), (10, 0)])
def test_nothing_to_draw_is_an_error(images: int, resamples: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        resample_weights(images, resamples, seed=0)
