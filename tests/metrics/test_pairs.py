"""Paired comparisons against max-T by loops, and against what it promises."""

from itertools import combinations

import numpy as np
import pytest

from groupseg.metrics.bootstrap import Resampled, bootstrap_miou, resample_weights
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.pairs import compare_pairs, max_t
from tests.tables import random_case


def judged(seed: int, names: str = "abcd", resamples: int = 199) -> dict[str, Resampled]:
    """mIoU of random labellings that differ in how often they are right, on one bootstrap."""
    table, random = random_case(seed, images=25).table, np.random.default_rng(seed)
    right = table.histogram.toarray().argmax(axis=1)
    weights = resample_weights(25, resamples, seed)
    return {
        name: bootstrap_miou(
            image_counts(table, np.where(random.random(len(right)) < 0.4 + 0.1 * index, right, 0)), weights
        )
        for index, name in enumerate(names)
    }


def same(value: float) -> Resampled:
    """A figure that no resample changes."""
    return Resampled(value, np.full(50, value), np.full(1, value))


@pytest.mark.parametrize("seed", range(5))
def test_p_is_the_share_of_resamples_with_a_larger_deviation_anywhere(seed: int) -> None:
    resampled = judged(seed)
    pairs = compare_pairs(resampled)
    assert [(pair.first, pair.second) for pair in pairs] == list(combinations("abcd", 2))
    rows = {(a, b): resampled[a] - resampled[b] for a, b in combinations("abcd", 2)}
    error = {key: row.error() for key, row in rows.items()}
    largest = [max(abs(row.spread()[i] - row.value) / error[key] for key, row in rows.items()) for i in range(199)]
    for pair in pairs:
        key = pair.first, pair.second
        assert pair.difference == resampled[pair.first].value - resampled[pair.second].value
        reached = sum(value >= abs(pair.difference) / error[key] for value in largest)
        assert pair.p == pytest.approx((1 + reached) / 200)
        # Of 200 values, the observed one among them, ten may lie beyond: the tenth largest of the rest is the bound.
        half = sorted(largest)[-10] * error[key]
        assert (pair.low, pair.high) == pytest.approx((pair.difference - half, pair.difference + half))
        assert (pair.low > 0 or pair.high < 0) == (pair.p <= 0.05)


def test_more_comparisons_make_each_less_certain() -> None:
    resampled = judged(0)
    alone = compare_pairs({name: resampled[name] for name in "ad"})[0]
    among = next(pair for pair in compare_pairs(resampled) if (pair.first, pair.second) == ("a", "d"))
    assert among.p >= alone.p
    assert among.low <= alone.low
    assert among.high >= alone.high


def test_the_order_only_turns_the_sign() -> None:
    resampled = judged(1)
    forth = {(pair.first, pair.second): pair for pair in compare_pairs(resampled)}
    for pair in compare_pairs(dict(reversed(resampled.items()))):
        other = forth[pair.second, pair.first]
        assert (pair.difference, pair.p) == (-other.difference, other.p)
        assert (pair.low, pair.high) == pytest.approx((-other.high, -other.low), abs=1e-12)


def test_equal_strategies_differ_by_nothing() -> None:
    resampled = judged(2)
    resampled["same"] = resampled["a"]
    for pair in compare_pairs(resampled):
        assert np.isfinite([pair.difference, pair.low, pair.high, pair.p]).all()
        if (pair.first, pair.second) == ("a", "same"):
            assert (pair.difference, pair.low, pair.high, pair.p) == (0, 0, 0, 1)
    only = {name: resampled[name] for name in ("a", "same")}
    assert [(pair.difference, pair.p) for pair in compare_pairs(only)] == [(0, 1)]


def test_one_image_tells_nothing() -> None:
    pair = compare_pairs({"a": same(0.7), "b": same(0.3)})[0]
    assert (pair.low, pair.high, pair.p) == (-1, 1, 1)


def test_too_few_resamples_tell_nothing() -> None:
    for pair in compare_pairs(judged(3, resamples=10)):
        assert (pair.low, pair.high) == (-1, 1)
        assert pair.p >= 1 / 11


@pytest.mark.parametrize("names", ["", "a"])
def test_without_two_there_is_no_pair(names: str) -> None:
    assert compare_pairs({name: same(0.5) for name in names}) == []


def test_hardly_ever_a_difference_where_there_is_none() -> None:
    random, false = np.random.default_rng(0), 0
    for _ in range(300):
        images = random.normal(0.5, 0.1, (60, 6))  # six equal strategies judged on 60 images
        weights = random.multinomial(60, np.full(60, 1 / 60), 199) / 60
        mean = images.mean(axis=0)
        left_out = (60 * mean - images) / 59
        figures = [Resampled(mean[row], weights @ images[:, row], left_out[:, row]) for row in range(6)]
        pairs = compare_pairs(dict(zip("abcdef", figures, strict=True)))
        false += min(pair.p for pair in pairs) <= 0.05
    assert 3 <= false <= 30


def test_intervals_leave_out_0_exactly_where_p_is_small_whatever_the_rows() -> None:
    random = np.random.default_rng(0)
    difference = np.append(random.normal(0, 0.03, 40), [0.0, 0.2])
    # The last two rows are the same in all resamples, as in one image; one of them says that nothing differs.
    error = np.append(np.full(40, 0.01), [0, 0])
    drawn = difference[:, None] + error[:, None] * random.normal(size=(42, 499))
    rows = [Resampled(value, own, np.full(9, value)) for value, own in zip(difference, drawn, strict=True)]
    low, high, p = max_t(rows, 0.95)
    assert 0 < np.count_nonzero(p <= 0.05) < 40
    assert (((low > 0) | (high < 0)) == (p <= 0.05)).all()
    assert (p[-2:].tolist(), low[-2:].tolist(), high[-2:].tolist()) == ([1, 1], [0, -1], [0, 1])
