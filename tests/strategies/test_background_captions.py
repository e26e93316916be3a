"""The background of the model against a straight-line computation in torch."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from groupseg.errors import UserError
from groupseg.strategies.background_captions import BackgroundCaptions
from tests.tables import Case, miou, random_case


def captioned(seed: int, vectors: int = 2) -> Case:
    """A case whose model has learned background vectors, longer and shorter than 1."""
    case = random_case(seed, images=6)
    background = 0.7 * np.random.default_rng(seed).normal(size=(vectors, 6)).astype(np.float32)
    return replace(case, table=replace(case.table, background=background))


def by_logits(case: Case, constant: float) -> np.ndarray:
    embedding = torch.from_numpy(case.table.embedding).double()
    classes = case.table.scale * embedding @ torch.from_numpy(case.text).double().T
    background = case.table.scale * embedding @ torch.from_numpy(case.table.background).double().T
    logits = torch.cat([background.amax(dim=1, keepdim=True) + constant, classes], dim=1)
    return logits.argmax(dim=1).numpy()


@pytest.mark.parametrize("vectors", [1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_background_by_hand(seed: int, vectors: int) -> None:
    case = captioned(seed, vectors)
    plain = BackgroundCaptions(calibrated=False).fit(case.table, case.vocabulary)
    np.testing.assert_array_equal(plain.predict(case.table, case.vocabulary), by_logits(case, 0.0))

    def with_constant(constant: float) -> float:
        return miou(case.table, by_logits(case, constant))

    strategy = BackgroundCaptions().fit(case.table, case.vocabulary)
    assert with_constant(0.0) == pytest.approx(plain.miou, abs=1e-12)
    assert with_constant(strategy.threshold) == pytest.approx(strategy.miou, abs=1e-12)
    assert max(map(with_constant, np.linspace(-30, 30, 61))) <= strategy.miou + 1e-12


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize("background", [True, False])
def test_a_model_without_background_calls_nothing_background_and_says_so(calibrated: bool, background: bool) -> None:
    case = random_case(1, background=background)
    strategy = BackgroundCaptions(calibrated=calibrated).fit(case.table, case.vocabulary)
    labels = strategy.predict(case.table, case.vocabulary)
    np.testing.assert_array_equal(labels, (case.table.embedding @ case.text.T).argmax(axis=1) + 1)
    record = strategy.to_json()
    told = "The model has learned no background: nothing is called background."
    assert record["warnings"] == ([told] if background else [])
    assert record["fitted"]["miou"] == miou(case.table, labels)
    json.dumps(record, allow_nan=False)


def test_broken_vectors_are_an_error() -> None:
    case = captioned(2)
    case.table.background[0, 0] = np.nan
    with pytest.raises(UserError, match="finite background_captions scores"):
        BackgroundCaptions().fit(case.table, case.vocabulary)
