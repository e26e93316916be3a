"""Background vectors: they find directions that no threshold on the best class can."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.segments import blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.background_vector import BackgroundVector, _start
from groupseg.strategies.scores import cosine
from groupseg.strategies.threshold import Threshold
from tests.strategies.test_soft_iou import soft_reference
from tests.tables import miou, random_case, unit, vocabulary


def directed(seed: int, directions: int) -> tuple[SegmentTable, Vocabulary]:
    """Segments as near to one of two classes whether they are of it or not, but others are also near a direction."""
    random = np.random.default_rng(seed)
    count, width = 600, 3 + directions
    label, background = random.integers(0, 2, count), random.random(count) < 0.5
    strength = random.uniform(0.4, 0.8, count)
    other = np.where(background, 3 + random.integers(0, directions, count), 2)
    embedding = np.zeros((count, width))
    embedding[np.arange(count), label] = strength
    embedding[np.arange(count), other] = np.sqrt(1 - strength**2)
    table = replace(
        random_case(0, images=120, classes=2, width=width).table,
        embedding=unit(embedding + 0.02 * random.normal(size=embedding.shape)),
        histogram=csr_array(100 * np.eye(3, dtype=np.int64)[np.where(background, 0, label + 1)]),
    )
    return table, vocabulary(table.classes, np.eye(width, dtype=np.float32)[:2])


@pytest.mark.parametrize(("directions", "vectors"), [(1, 1), (4, 8)])
def test_it_finds_directions_that_no_threshold_finds(directions: int, vectors: int) -> None:
    (table, words), (test, _) = directed(0, directions), directed(1, directions)
    single = Threshold(score="cosine").fit(table, words).predict(test, words)
    found = BackgroundVector(vectors=vectors, steps=120).fit(table, words).predict(test, words)
    assert miou(test, single) < 0.6
    assert miou(test, found) > 0.95


def test_labels_are_those_of_the_highest_logit() -> None:
    case = random_case(1, images=8)
    strategy = BackgroundVector(vectors=3, steps=5).fit(case.table, case.vocabulary)
    logits = strategy.scale * cosine(case.table, case.vocabulary)
    own = strategy.scale * case.table.embedding @ np.array(strategy.learned).T
    background = own.max(axis=1, keepdims=True) + strategy.bias
    labels = np.hstack([background, logits]).argmax(axis=1)
    np.testing.assert_array_equal(strategy.predict(case.table, case.vocabulary), labels)
    assert strategy.miou == pytest.approx(miou(case.table, labels), abs=1e-12)


def test_no_background_few_segments_and_constant_scores() -> None:
    case = random_case(0, background=False)
    strategy = BackgroundVector(vectors=8, steps=3).fit(case.table, case.vocabulary)
    assert len(strategy.learned) == 1
    assert "Only 1 of 8 background vectors" in strategy.warnings[-1]

    same = random_case(1, classes=1)
    table = replace(same.table, embedding=np.tile(same.text[0], (20, 1)))
    constant = BackgroundVector(steps=3).fit(table, same.vocabulary)
    assert "no threshold can tell them apart" in constant.warnings[0]
    assert np.isfinite(constant.learned).all()

    one = random_case(2, images=1)
    assert 0 <= BackgroundVector(steps=3).fit(one.table, one.vocabulary).miou <= 1


@pytest.mark.parametrize(("name", "value"), [("vectors", 0), ("steps", 0), ("lr", 0.0), ("shrinkage", -1.0)])
def test_parameters_out_of_range_are_errors(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"`{name}`"):
        BackgroundVector(**{name: value})


@pytest.mark.parametrize("size", [13, 10_000])
def test_vectors_are_those_of_pytorch(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SEGMENTS", size)
    case = random_case(4, images=30, classes=4)
    found = BackgroundVector(vectors=3, steps=8).fit(case.table, case.vocabulary)

    threshold = Threshold(score="cosine").fit(case.table, case.vocabulary).threshold
    vectors = torch.tensor(_start(case.table, 3), requires_grad=True)
    offset = torch.tensor(threshold, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([vectors, offset], lr=found.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 8)
    embedding, cosines = torch.tensor(case.table.embedding).double(), torch.tensor(cosine(case.table, case.vocabulary))
    pixels = torch.tensor(case.table.histogram.toarray()).double()
    for _ in range(8):
        nearest = (embedding @ vectors.T).amax(dim=1, keepdim=True)
        logits = found.scale * torch.cat([nearest + offset, cosines], dim=1)
        loss = found.shrinkage * found.scale**2 * vectors.square().sum() + soft_reference(logits, pixels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    np.testing.assert_allclose(found.learned, vectors.detach(), atol=1e-4)
    assert found.bias == pytest.approx(found.scale * offset.item(), abs=1e-3)
