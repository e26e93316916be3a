"""Adjusted logits against torch; what a prior is for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from groupseg.strategies.prior import WEIGHTS, Prior
from groupseg.strategies.threshold import Threshold
from tests.tables import random_case, unit, vocabulary


@pytest.mark.parametrize("weight", WEIGHTS)
def test_candidates_are_those_of_torch(weight: float) -> None:
    case = random_case(0, classes=5)
    strategy = Prior().fit(case.table, case.vocabulary)
    logits = case.table.scale * torch.tensor(case.table.embedding).double() @ torch.tensor(case.text).double().T
    log_prior = torch.softmax(logits, dim=1).mean(dim=0).log()
    highest, best = (logits - weight * log_prior).max(dim=1)
    np.testing.assert_allclose(strategy.log_prior, log_prior.numpy(), rtol=1e-12)
    label, score = strategy.candidates_at(weight, case.table, case.vocabulary)
    np.testing.assert_array_equal(label, best.numpy() + 1)
    np.testing.assert_allclose(score, highest.numpy(), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_never_below_the_single_threshold_on_the_cosine(seed: int) -> None:
    case = random_case(seed, images=6, classes=4)
    single = Threshold(score="cosine").fit(case.table, case.vocabulary)
    strategy = Prior().fit(case.table, case.vocabulary)
    assert strategy.tried["setting"][0] == 0
    assert strategy.tried["miou"][0] == pytest.approx(single.miou, abs=1e-12)
    assert strategy.miou >= single.miou - 1e-12


def test_labels_do_not_enter_the_prior() -> None:
    case, other = random_case(1), random_case(2)
    relabelled = replace(case.table, histogram=other.table.histogram)
    found = Prior().fit(relabelled, case.vocabulary).log_prior
    assert found == Prior().fit(case.table, case.vocabulary).log_prior


def test_a_prior_is_that_of_the_calibration_images() -> None:
    case = random_case(3, images=6)
    strategy = Prior().fit(case.table, case.vocabulary)
    for image in range(6):
        alone = strategy.predict(case.table.subset([image]), case.vocabulary)
        together = strategy.predict(case.table, case.vocabulary)[case.table.image == image]
        np.testing.assert_array_equal(alone, together)


def test_a_text_that_lies_near_everything_is_held_back() -> None:
    """All segments share a direction, and the text of one class points that way."""
    case = random_case(4, images=30, classes=4, noise=0.4)
    along = np.array([[0.0], [0.0], [0.0], [1.0]])
    table = replace(
        case.table,
        embedding=unit(np.hstack([case.table.embedding, np.ones((150, 1))])),
        image_embedding=unit(np.hstack([case.table.image_embedding, np.ones((30, 1))])),
        text_mean=np.zeros(7, dtype=np.float32),
        background=np.zeros((0, 7), dtype=np.float32),
    )
    near = vocabulary(table.classes, unit(np.hstack([case.text, along])))
    strategy = Prior().fit(table, near)
    assert np.argmax(strategy.log_prior) == 3
    assert strategy.setting > 0
    assert strategy.miou > Threshold(score="cosine").fit(table, near).miou + 0.02
