"""Paired comparisons against max-T by loops, and against what it promises."""

from itertools import combinations

import numpy as np
import pytest

from groupseg.metrics.bootstrap import bootstrap_miou, resample_weights
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.metrics.pairs import compare_pairs, max_t
from tests.tables import random_case


def judged(seed: int, names: str = "abcd", resamples: int = 199) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """mIoU of random labellings that differ in how often they are right, on one bootstrap."""
    table, random = random_case(seed, images=25).table, np.random.default_rng(seed)
    right = table.histogram.toarray().argmax(axis=1)
    weights = resample_weights(25, resamples, seed)
    counts = {
        name: image_counts(table, np.where(random.random(len(right)) < 0.4 + 0.1 * index, right, 0))
        for index, name in enumerate(names)
    }
    miou = {name: float(mean_iou(count.total())) for name, count in counts.items()}
    return miou, {name: bootstrap_miou(count, weights) for name, count in counts.items()}


@pytest.mark.parametrize("seed", range(5))
def test_p_is_the_share_of_resamples_with_a_larger_deviation_anywhere(seed: int) -> None:
    miou, resampled = judged(seed)
    pairs = compare_pairs(miou, resampled)
    assert [(pair.first, pair.second) for pair in pairs] == list(combinations("abcd", 2))
    error = {(a, b): np.std(resampled[a] - resampled[b]) for a, b in combinations("abcd", 2)}
    largest = [
        max(abs(resampled[a][i] - resampled[b][i] - miou[a] + miou[b]) / error[a, b] for a, b in error)
        for i in range(199)
    ]
    for pair in pairs:
        key = pair.first, pair.second
        assert pair.difference == miou[pair.first] - miou[pair.second]
        reached = sum(value >= abs(pair.difference) / error[key] for value in largest)
        assert pair.p == pytest.approx((1 + reached) / 200)
        # Of 200 values, the observed one among them, ten may lie beyond: the tenth largest of the rest is the bound.
        half = sorted(largest)[-10] * error[key]
        assert (pair.low, pair.high) == pytest.approx((pair.difference - half, pair.difference + half))
        assert (pair.low > 0 or pair.high < 0) == (pair.p <= 0.05)


def test_more_comparisons_make_each_less_certain() -> None:
    miou, resampled = judged(0)
    alone = compare_pairs({name: miou[name] for name in "ad"}, resampled)[0]
    among = next(pair for pair in compare_pairs(miou, resampled) if (pair.first, pair.second) == ("a", "d"))
    assert among.p >= alone.p
    assert among.low <= alone.low
    assert among.high >= alone.high


def test_the_order_only_turns_the_sign() -> None:
    miou, resampled = judged(1)
    forth = {(pair.first, pair.second): pair for pair in compare_pairs(miou, resampled)}
    for pair in compare_pairs(dict(reversed(miou.items())), resampled):
        other = forth[pair.second, pair.first]
        assert (pair.difference, pair.low, pair.high, pair.p) == (-other.difference, -other.high, -other.low, other.p)


def test_equal_strategies_differ_by_nothing() -> None:
    miou, resampled = judged(2)
    miou["same"], resampled["same"] = miou["a"], resampled["a"]
    for pair in compare_pairs(miou, resampled):
        assert np.isfinite([pair.difference, pair.low, pair.high, pair.p]).all()
        if (pair.first, pair.second) == ("a", "same"):
            assert (pair.difference, pair.low, pair.high, pair.p) == (0, 0, 0, 1)
    only = {name: miou[name] for name in ("a", "same")}
    assert [(pair.difference, pair.p) for pair in compare_pairs(only, resampled)] == [(0, 1)]


def test_one_image_tells_nothing() -> None:
    pair = compare_pairs({"a": 0.7, "b": 0.1 + 0.2}, {"a": np.full(50, 0.7), "b": np.full(50, 0.3)})[0]
    assert (pair.low, pair.high, pair.p) == (-1, 1, 1)


def test_too_few_resamples_tell_nothing() -> None:
    miou, resampled = judged(3, resamples=10)
    for pair in compare_pairs(miou, resampled):
        assert (pair.low, pair.high) == (-1, 1)
        assert pair.p >= 1 / 11


def test_a_resample_without_labelled_pixels_breaks_nothing() -> None:
    miou, resampled = judged(4)
    resampled = {name: np.append(values, np.nan) for name, values in resampled.items()}
    assert all(0 < pair.p <= 1 for pair in compare_pairs(miou, resampled))


@pytest.mark.parametrize("names", ["", "a"])
def test_without_two_there_is_no_pair(names: str) -> None:
    assert compare_pairs(dict.fromkeys(names, 0.5), {name: np.full(9, 0.5) for name in names}) == []


def test_hardly_ever_a_difference_where_there_is_none() -> None:
    random, false = np.random.default_rng(0), 0
    for _ in range(300):
        images = random.normal(0.5, 0.1, (60, 6))  # six equal strategies judged on 60 images
        weights = random.multinomial(60, np.full(60, 1 / 60), 199) / 60
        resampled = {str(name): weights @ images[:, name] for name in range(6)}
        pairs = compare_pairs({str(name): images[:, name].mean() for name in range(6)}, resampled)
        false += min(pair.p for pair in pairs) <= 0.05
    assert 3 <= false <= 30


def test_intervals_leave_out_0_exactly_where_p_is_small_whatever_the_rows() -> None:
    random = np.random.default_rng(0)
    difference = np.append(random.normal(0, 0.03, 40), [0.0, 0.2])
    # The last two rows are the same in all resamples, as in one image; one of them says that nothing differs.
    error = np.append(np.full(40, 0.01), [0, 0])
    resampled = difference[:, None] + error[:, None] * random.normal(size=(42, 499))
    low, high, p = max_t(difference, resampled, 0.95)
    assert 0 < np.count_nonzero(p <= 0.05) < 40
    assert (((low > 0) | (high < 0)) == (p <= 0.05)).all()
    assert (p[-2:].tolist(), low[-2:].tolist(), high[-2:].tolist()) == ([1, 1], [0, -1], [0, 1])
