"""The learned rule: never below where it starts, and its soft mIoU becomes the true one."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.strategies.learned import Learned
from groupseg.strategies.per_class import PerClass
from groupseg.strategies.scores import cosine
from groupseg.strategies.threshold import Threshold
from tests.tables import as_background, large_table, miou, permuted, random_case, vocabulary


@pytest.mark.parametrize("seed", range(8))
def test_never_below_the_best_single_cosine(seed: int) -> None:
    case = random_case(seed, images=8, classes=1 + seed % 5, background=seed % 4 > 0)
    single = Threshold(score="cosine").fit(case.table, case.vocabulary)
    strategy = Learned(steps=30, lr=0.2).fit(case.table, case.vocabulary)
    assert strategy.start_miou == pytest.approx(single.miou, abs=1e-12)
    assert strategy.miou >= strategy.start_miou
    found = miou(case.table, strategy.predict(case.table, case.vocabulary))
    assert found == pytest.approx(strategy.miou, abs=1e-12)


def test_it_learns_what_no_threshold_can() -> None:
    # Everything resembles class 2 a little too much, class 1 included.
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 300)
    cosines = np.array([[0.1, 0.1], [0.5, 0.6], [0.3, 0.7]])[truth] + 0.01 * random.normal(size=(300, 2))
    rest = np.sqrt(1 - (cosines**2).sum(axis=1, keepdims=True))
    table = replace(
        random_case(0, images=60, classes=2, width=3).table,
        embedding=np.hstack([cosines, rest]).astype(np.float32),
        histogram=csr_array(np.eye(3, dtype=np.int64)[truth]),
    )
    words = vocabulary(table.classes, np.eye(3, dtype=np.float32)[:2])
    assert PerClass(score="cosine").fit(table, words).upper_bound < 0.6
    assert Learned().fit(table, words).miou > 0.95


def test_prediction_is_the_highest_logit() -> None:
    case = random_case(1, images=8)
    strategy = Learned(steps=5).fit(case.table, case.vocabulary)
    scores = torch.tensor(cosine(case.table, case.vocabulary))
    logits = math.exp(strategy.log_temperature) * scores - torch.tensor(strategy.biases)
    labels = torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1).argmax(dim=1)
    np.testing.assert_array_equal(strategy.predict(case.table, case.vocabulary), labels)


def test_renaming_classes_renames_the_result() -> None:
    case = random_case(3, images=8, classes=5)
    order = np.random.default_rng(0).permutation(5)
    renamed = permuted(case, order)
    expected = Learned(steps=10).fit(case.table, case.vocabulary)
    found = Learned(steps=10).fit(renamed.table, renamed.vocabulary)
    assert found.miou == pytest.approx(expected.miou, abs=1e-12)
    np.testing.assert_allclose(found.biases, np.array(expected.biases)[order], atol=1e-3)


def test_class_without_calibration_pixels_has_the_mean_bias() -> None:
    table, vocabulary = large_table(1, segments=1200, classes=10, images=100)
    text = vocabulary.text
    text[2] = 0.4 * text[2] + 0.6 * text.sum(axis=0)
    text[2] /= np.linalg.norm(text[2])
    table = as_background(table, [7])
    strategy = Learned(steps=50).fit(table, vocabulary)
    others = np.delete(strategy.biases, 6)
    assert np.ptp(others) > 0.01
    assert strategy.biases[6] == pytest.approx(others.mean(), abs=1e-4)
    assert strategy.warnings == ["No calibration pixel of class6. They take the mean bias."]


def test_shrinkage_draws_biases_together() -> None:
    table, vocabulary = large_table(2, segments=1200, classes=10, images=100)
    loose, tight = (Learned(steps=40, shrinkage=weight).fit(table, vocabulary).biases for weight in (0.0, 10.0))
    assert np.std(tight) < np.std(loose)


@pytest.mark.parametrize("seed", range(3))
def test_background_alone_and_constant_scores(seed: int) -> None:
    case = random_case(seed, classes=2)
    table = as_background(case.table, [1, 2])
    assert np.all(Learned(steps=3).fit(table, case.vocabulary).predict(table, case.vocabulary) == 0)

    same = random_case(seed, classes=1)
    table = replace(same.table, embedding=np.tile(same.text[0], (20, 1)))
    strategy = Learned(steps=3).fit(table, same.vocabulary)
    assert np.isfinite(strategy.biases).all()
    assert "no threshold can tell them apart" in strategy.warnings[0]


@pytest.mark.parametrize(
    ("name", "value"), [("steps", 0), ("steps", 1.5), ("lr", 0.0), ("lr", -1.0), ("shrinkage", -0.1)]
)
def test_parameters_out_of_range_are_errors(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"`{name}`"):
        Learned(**{name: value})


def test_lovasz_loss_learns_too() -> None:
    table, vocabulary = large_table(3, segments=800, classes=8, images=80)
    soft, lovasz = (Learned(steps=60, lr=0.1, loss=loss).fit(table, vocabulary) for loss in ("soft", "lovasz"))
    assert lovasz.start_miou == soft.start_miou
    assert lovasz.miou > lovasz.start_miou
    assert lovasz.biases != soft.biases
    assert Learned.from_json(lovasz.to_json()) == lovasz
