"""The best labelling against all labellings there are."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from groupseg.metrics.labelling import best_labelling
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from tests.tables import large_table, miou, permuted, random_case


def everything(table: SegmentTable) -> np.ndarray:
    return np.ones(table.histogram.shape, dtype=bool)


def drawn(seed: int, noise: bool = False) -> tuple[SegmentTable, np.ndarray, np.ndarray]:
    """Five segments, the labels that each may have, and a start; with noise, pixels of any label anywhere."""
    random = np.random.default_rng(seed)
    table = random_case(seed, images=1, classes=1 + seed % 4, per_image=5, size=3 + seed % 6, ignored=0.3).table
    shape = table.histogram.shape
    if noise:
        table = replace(table, histogram=csr_array(random.integers(0, 20, shape)))
    allowed = random.random(shape) < random.uniform(0.4, 1.2)
    start = random.integers(0, shape[1], 5)
    allowed[np.arange(5), start] = True
    return table, allowed, start


def optimum(table: SegmentTable, allowed: np.ndarray) -> float:
    choices = [np.flatnonzero(row) for row in allowed]
    return max(miou(table, np.array(labels)) for labels in product(*choices))


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=40, deadline=None)
def test_no_other_label_of_one_segment_is_better(seed: int, noise: bool) -> None:
    table, allowed, start = drawn(seed, noise)
    labels = best_labelling(table, allowed, start)
    assert labels.dtype == np.int32
    assert allowed[np.arange(5), labels].all()
    reached = miou(table, labels)
    assert reached >= miou(table, start) - 1e-12
    for row, label in zip(*np.nonzero(allowed), strict=True):
        other = labels.copy()
        other[row] = label
        assert miou(table, other) <= reached + 2e-12


def test_the_optimum_is_reached() -> None:
    for seed in range(25):
        table, allowed, start = drawn(seed)
        assert miou(table, best_labelling(table, allowed, start)) == pytest.approx(optimum(table, allowed), abs=1e-12)


def test_the_optimum_is_seldom_missed_where_segments_are_mere_noise() -> None:
    missed = []
    for seed in range(25):
        table, allowed, start = drawn(seed, noise=True)
        missed.append(optimum(table, allowed) - miou(table, best_labelling(table, allowed, start)))
    assert np.count_nonzero(np.array(missed) > 1e-12) <= 3
    assert max(missed) < 0.02


@pytest.mark.parametrize("seed", range(5))
def test_at_least_the_label_oracle_from_anywhere(seed: int) -> None:
    table, _ = large_table(seed, segments=300, classes=8, images=30)
    ends = [
        best_labelling(table, everything(table), start)
        for start in (label_oracle(table), np.zeros(300), np.random.default_rng(seed).integers(0, 9, 300))
    ]
    assert miou(table, ends[0]) >= miou(table, label_oracle(table))
    assert np.ptp([miou(table, labels) for labels in ends]) < 1e-3


@pytest.mark.parametrize("seed", range(5))
def test_renaming_classes_changes_nothing(seed: int) -> None:
    case, order = random_case(seed), np.random.default_rng(seed).permutation(3)
    renamed = permuted(case, order)
    values = [
        miou(table, best_labelling(table, everything(table), np.zeros(20))) for table in (case.table, renamed.table)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_a_label_that_occurs_nowhere_may_be_given_up() -> None:
    # Class 1 has no pixel. While it is predicted it is an IoU of 0 in the mean; a move away removes it.
    table = replace(random_case(0, images=1, classes=2, per_image=2).table, histogram=csr_array([[6, 0, 1], [1, 0, 5]]))
    assert best_labelling(table, everything(table), [1, 1]).tolist() == [0, 2]


def test_a_label_given_up_is_worth_pixels_of_another() -> None:
    # The second segment may not be background, which it is. As class 1 it adds an IoU of 0 to the mean.
    case = random_case(0, images=1, classes=2, per_image=2)
    table = replace(case.table, histogram=csr_array([[0, 0, 10], [1, 0, 0]]))
    allowed = np.array([[False, False, True], [False, True, True]])
    assert best_labelling(table, allowed, [2, 1]).tolist() == [2, 2]


def test_only_one_allowed_label_is_kept() -> None:
    table, _, start = drawn(3)
    allowed = np.zeros(table.histogram.shape, dtype=bool)
    allowed[np.arange(5), start] = True
    np.testing.assert_array_equal(best_labelling(table, allowed, start), start)


def test_segments_without_labelled_pixels_stay_as_they_are() -> None:
    table = random_case(0, ignored=1).table
    np.testing.assert_array_equal(best_labelling(table, everything(table), np.full(20, 2)), np.full(20, 2))
    empty = table.subset([])
    assert best_labelling(empty, everything(empty), np.zeros(0)).shape == (0,)


def test_a_start_that_is_not_allowed_is_refused() -> None:
    table, allowed, start = drawn(1)
    allowed[0, start[0]] = False
    for wrong in (allowed, allowed[:, 1:]):
        with pytest.raises(ValueError, match="every label of `start` to be allowed"):
            best_labelling(table, wrong, start)
