"""Mix-ups and losses against label maps put right pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.metrics.confusion import confusion_from_maps, confusion_matrix
from groupseg.metrics.iou import iou, mean_iou
from groupseg.metrics.labelling import best_labelling
from groupseg.metrics.losses import confusions, counts_of, losses
from tests.tables import random_case


def drawn(seed: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Label maps, true and predicted; some classes have no true pixel, others no predicted one."""
    random = np.random.default_rng(seed)
    truth, predicted = (random.choice(random.integers(0, classes + 1, 3), 40) for _ in range(2))
    return truth, np.where(random.random(40) < 0.5, truth, predicted)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_gain_is_that_of_maps_put_right(seed: int) -> None:
    truth, predicted = drawn(seed)
    matrix = confusion_from_maps(truth, predicted, 3)
    found = confusions(matrix)
    assert len(found) == len({pair for pair in zip(truth, predicted, strict=True) if pair[0] != pair[1]})
    for confusion in found:
        here = (truth == confusion.truth) & (predicted == confusion.predicted)
        assert confusion.pixels == here.sum()
        assert confusion.share_of_truth == here.sum() / (truth == confusion.truth).sum()
        right = confusion_from_maps(truth, np.where(here, truth, predicted), 3)
        gain = mean_iou(counts_of(right)) - mean_iou(counts_of(matrix))
        assert confusion.miou_gain == pytest.approx(float(gain), abs=1e-12)
    gains = [confusion.miou_gain for confusion in found]
    assert gains == sorted(gains, reverse=True)


def test_only_the_most_costly_are_listed() -> None:
    matrix = np.random.default_rng(0).integers(1, 100, (9, 9))
    assert confusions(matrix)[:5] == confusions(matrix, most=5)
    assert len(confusions(matrix)) == 30
    assert confusions(np.diag([3, 4])) == []
    assert confusions(np.zeros((2, 2), dtype=np.int64)) == []


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_losses_add_up_and_none_is_negative(seed: int, classes: int) -> None:
    table = random_case(seed, classes=classes, ignored=0.3).table
    labels = np.random.default_rng(seed).integers(0, classes + 1, 20)
    best = best_labelling(table, np.ones((20, classes + 1), dtype=bool), labels)
    matrix, ceiling = confusion_matrix(table, labels), confusion_matrix(table, best)
    found = losses(matrix, ceiling)
    parts = np.stack([found.iou, found.background, found.wrong_class, found.masks])
    occurs = ~np.isnan(iou(counts_of(matrix)))
    np.testing.assert_allclose(parts[:, occurs].sum(axis=0), 1)
    assert np.all(parts[:, occurs] >= 0)
    assert np.isnan(parts[:, ~occurs]).all()
    assert np.nan_to_num(found.wrong_class)[0] == 0  # each error of the background is one with the background
    limit = np.nan_to_num(iou(counts_of(ceiling)), nan=1)
    np.testing.assert_allclose(found.masks, 1 - np.maximum(limit, found.iou))


def test_a_loss_worked_by_hand() -> None:
    # Class 1: of 10 pixels 4 are right, 4 are called background and 2 class 2; 2 of class 2 are called class 1.
    matrix = np.array([[20, 0, 0], [4, 4, 2], [0, 2, 8]])
    best = np.array([[20, 0, 0], [1, 9, 0], [0, 0, 10]])
    found = losses(matrix, best)
    assert found.iou[1] == pytest.approx(4 / 12)
    assert found.masks[1] == pytest.approx(0.1)
    rest = 0.9 - 4 / 12
    assert found.background[1] == pytest.approx(rest * 3 / 7)
    assert found.wrong_class[1] == pytest.approx(rest * 4 / 7)
    assert (found.background[2], found.masks[2]) == (0, 0)


def test_what_beats_the_best_labelling_is_lost_to_masks() -> None:
    matrix, best = np.array([[5, 1], [0, 4]]), np.array([[3, 3], [0, 4]])
    found = losses(matrix, best)
    np.testing.assert_allclose(found.masks, 1 - found.iou)
    assert not found.background.any()


def test_a_class_without_pixels_is_no_fault_of_the_masks() -> None:
    found = losses(np.array([[3, 2], [0, 0]]), np.array([[5, 0], [0, 0]]))
    assert (found.iou[1], found.background[1], found.masks[1]) == (0, 1, 0)


def test_the_best_labelling_itself_loses_to_masks_alone() -> None:
    matrix = np.random.default_rng(1).integers(1, 50, (4, 4))
    found = losses(matrix, matrix)
    assert not found.background.any()
    assert not found.wrong_class.any()
