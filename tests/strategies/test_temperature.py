"""The softmax at any temperature, against torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from groupseg.strategies.scores import best_class
from groupseg.strategies.temperature import TEMPERATURES, Temperature
from groupseg.strategies.threshold import Threshold
from tests.tables import random_case


def test_grid_is_geometric() -> None:
    assert TEMPERATURES[0] == 0.1
    assert TEMPERATURES[-1] == 1000
    assert np.std(np.diff(np.log(TEMPERATURES))) < 5e-3


@pytest.mark.parametrize("temperature", [0.1, 7.0, 1000.0])
def test_candidates_are_those_of_torch(temperature: float) -> None:
    case = random_case(0, classes=5)
    cosines = torch.tensor(case.table.embedding).double() @ torch.tensor(case.text).double().T
    share, best = torch.softmax(temperature * cosines, dim=1).max(dim=1)
    label, score = Temperature().candidates_at(temperature, case.table, case.vocabulary)
    np.testing.assert_array_equal(label, best.numpy() + 1)
    np.testing.assert_allclose(score, share.numpy(), rtol=1e-12)


def test_at_the_scale_of_the_model_it_is_the_softmax() -> None:
    case = random_case(1)
    label, score = Temperature().candidates_at(case.table.scale, case.table, case.vocabulary)
    expected = best_class("softmax", case.table, case.vocabulary)
    np.testing.assert_array_equal(label, expected[0])
    np.testing.assert_allclose(score, expected[1])


@pytest.mark.parametrize("seed", range(5))
def test_the_scale_of_the_model_is_no_better_than_the_grid(seed: int) -> None:
    case = random_case(seed, images=8)
    table = replace(case.table, scale=TEMPERATURES[6])
    single = Threshold(score="softmax").fit(table, case.vocabulary)
    assert Temperature().fit(table, case.vocabulary).miou >= single.miou - 1e-12
