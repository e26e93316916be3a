"""The bootstrap against scipy.stats.bootstrap, and against loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from groupseg.metrics.bootstrap import (
    Resampled,
    bootstrap_miou,
    constant,
    interval,
    rare_classes,
    resample_weights,
)
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.iou import mean_iou
from tests.metrics.samples import chosen
from tests.tables import random_case


def counted(seed: int, images: int = 30, classes: int = 3) -> Counts:
    case = random_case(seed, images=images, classes=classes)
    labels = np.random.default_rng(seed).integers(0, classes + 1, len(case.table.image))
    return image_counts(case.table, labels)


def unspread(values: np.ndarray, value: float) -> Resampled:
    """A figure whose jackknife varies less than its resamples, so that they stay as they are."""
    return Resampled(value, values, np.full(30, value))


@pytest.mark.parametrize("seed", range(5))
def test_resamples_and_basic_interval_are_those_of_scipy(seed: int) -> None:
    counts = counted(seed)

    def statistic(indices: np.ndarray) -> float:
        return float(mean_iou(chosen(counts, indices.astype(int)).total()))

    expected = bootstrap(
        (np.arange(30),),
        statistic,
        n_resamples=400,
        method="basic",
        vectorized=False,
        rng=np.random.default_rng(seed),
    )
    figure = bootstrap_miou(counts, resample_weights(30, 400, seed))
    np.testing.assert_allclose(np.sort(figure.drawn), np.sort(expected.bootstrap_distribution), atol=1e-12)
    plain = unspread(figure.drawn, figure.value)
    assert interval(plain) == pytest.approx(tuple(expected.confidence_interval), abs=1e-12)


def test_without_each_image_in_turn() -> None:
    counts = counted(0, 9)
    figure = bootstrap_miou(counts, resample_weights(9, 5, 0))
    expected = [float(mean_iou(chosen(counts, np.delete(np.arange(9), row)).total())) for row in range(9)]
    np.testing.assert_allclose(figure.left_out, expected, atol=1e-12)
    jackknife = np.sqrt(8 / 9 * np.sum((figure.left_out - figure.left_out.mean()) ** 2))
    assert figure.error() == pytest.approx(max(jackknife, figure.drawn.std()))


def test_resamples_are_spread_to_the_standard_error() -> None:
    figure = Resampled(0.5, np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.5, 0.9]))
    assert figure.error() > figure.drawn.std()
    assert figure.spread().mean() == pytest.approx(0.5)
    assert figure.spread().std() == pytest.approx(figure.error())


def test_a_label_that_a_resample_lacks_keeps_its_iou() -> None:
    truth = np.array([[4, 2, 0, 0], [2, 2, 2, 0], [1, 3, 0, 0]])  # the last label occurs nowhere
    counts = Counts(truth // 2, truth + 1 - (truth == 0), truth)
    figure = bootstrap_miou(counts, np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]], np.int32))
    expected = [mean_by_hand(counts, weights) for weights in ([1, 1, 1], [2, 0, 1], [0, 3, 0])]
    np.testing.assert_allclose(figure.drawn, expected, atol=1e-12)


def mean_by_hand(counts: Counts, weights: list[int]) -> float:
    """The mean over the first three labels, by hand: the third is in the second image alone."""
    tp, predicted, truth = (
        sum(weight * row for weight, row in zip(weights, part, strict=True))
        for part in (counts.tp, counts.predicted, counts.truth)
    )
    own = counts.tp[1, 2] / (counts.predicted[1, 2] + counts.truth[1, 2] - counts.tp[1, 2])
    shares = tp[:2] / (predicted + truth - tp)[:2]
    return float(np.mean([*shares, own]))


def test_weights_draw_as_many_images_as_there_are() -> None:
    weights = resample_weights(7, 50, seed=3)
    assert weights.shape == (50, 7)
    assert np.all(weights.sum(axis=1) == 7)
    np.testing.assert_array_equal(weights, resample_weights(7, 50, seed=3))
    assert np.any(weights != resample_weights(7, 50, seed=4))
    once = bootstrap_miou(counted(0, 7), np.ones((1, 7), np.int32))
    assert once.drawn == pytest.approx([once.value])


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_an_interval_holds_its_own_estimate_and_ends_where_it_must(seed: int, images: int, classes: int) -> None:
    counts = [counted(seed + other, images, classes) for other in (0, 1)]
    weights = resample_weights(images, 60, seed)
    first, second = (bootstrap_miou(own, weights) for own in counts)
    for figure, least in ((first, 0), (second, 0), (first - second, -1)):
        if np.isnan(figure.value):
            continue
        low, high = interval(figure)
        assert least <= low <= figure.value <= high <= 1


def test_a_strategy_differs_from_itself_by_nothing() -> None:
    counts, weights = counted(1), resample_weights(30, 100, seed=0)
    assert interval(bootstrap_miou(counts, weights) - bootstrap_miou(counts, weights)) == (0, 0)


def test_the_difference_to_a_constant_moves_the_interval() -> None:
    figure = bootstrap_miou(counted(2), resample_weights(30, 100, seed=0))
    low, high = interval(figure)
    assert interval(constant(1.0, figure) - figure) == pytest.approx((1 - high, 1 - low))
    assert interval(constant(1.0, figure)) == (1, 1)


def test_without_a_labelled_pixel_there_is_no_figure() -> None:
    nothing = Counts(*(np.zeros((3, 2), dtype=np.int64) for _ in range(3)))
    assert np.isnan(interval(bootstrap_miou(nothing, resample_weights(3, 5, 0)))).all()


def test_classes_that_few_images_show_are_named() -> None:
    truth = np.zeros((6, 4), dtype=np.int64)
    truth[:5, 1] = truth[:4, 2] = 9
    (warning,) = rare_classes(truth, ["cat", "dog", "sky"])
    assert "dog (4), sky (0)" in warning
    assert "cat" not in warning
    truth[:, 2:] = 1
    assert rare_classes(truth, ["cat", "dog", "sky"]) == []


@pytest.mark.parametrize(("images", "resamples"), [(0, 10), (10, 0)])
def test_nothing_to_draw_is_an_error(images: int, resamples: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        resample_weights(images, resamples, seed=0)
