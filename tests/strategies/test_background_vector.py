"""Background vectors: they find directions that no threshold on the best class can."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import summary
from groupseg.segments import blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.background_vector import BackgroundVector, _start
from groupseg.strategies.scores import cosine
from groupseg.strategies.threshold import Threshold
from tests.strategies.test_soft_iou import soft_reference
from tests.tables import permuted, random_case, unit, vocabulary


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
    before, after = (summary(image_counts(test, labels))["miou"] for labels in (single, found))
    assert before < 0.6
    assert after > 0.95


def test_labels_are_those_of_the_highest_logit() -> None:
    case = random_case(1, images=8)
    strategy = BackgroundVector(vectors=3, steps=5).fit(case.table, case.vocabulary)
    logits = strategy.scale * cosine(case.table, case.vocabulary)
    own = strategy.scale * case.table.embedding @ np.array(strategy.learned).T
    background = own.max(axis=1, keepdims=True) + strategy.bias
    labels = np.hstack([background, logits]).argmax(axis=1)
    np.testing.assert_array_equal(strategy.predict(case.table, case.vocabulary), labels)
    assert strategy.miou == pytest.approx(summary(image_counts(case.table, labels))["miou"], abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_record_is_read_back(seed: int) -> None:
    case = random_case(seed, images=8, classes=1 + seed, background=seed != 3)
    strategy = BackgroundVector(vectors=4, steps=10).fit(case.table, case.vocabulary)
    assert BackgroundVector(vectors=4, steps=10).fit(case.table, case.vocabulary).to_json() == strategy.to_json()
    again = BackgroundVector.from_json(json.loads(json.dumps(strategy.to_json(), allow_nan=False)))
    assert again.to_json() == strategy.to_json()
    test = random_case(seed + 50, classes=1 + seed, background=seed != 3).table
    labels = again.predict(test, case.vocabulary)
    np.testing.assert_array_equal(labels, strategy.predict(test, case.vocabulary))
    assert labels.dtype == np.int32
    assert (labels > 0).all() or test.with_background
    assert again.predict(test.subset([]), case.vocabulary).shape == (0,)


@pytest.mark.parametrize("seed", range(3))
def test_names_and_ignored_pixels_do_not_matter(seed: int) -> None:
    case = random_case(seed, images=8, classes=4)
    labels = BackgroundVector(steps=10).fit(case.table, case.vocabulary).predict(case.table, case.vocabulary)
    order = np.random.default_rng(seed).permutation(4)
    renamed = permuted(case, order)
    strategy = BackgroundVector(steps=10).fit(renamed.table, renamed.vocabulary)
    found = strategy.predict(renamed.table, renamed.vocabulary)
    np.testing.assert_array_equal(np.append(0, order + 1)[found], labels)
    larger = replace(case.table, area=case.table.area * 3 + 7)
    same = BackgroundVector(steps=10).fit(larger, case.vocabulary)
    np.testing.assert_array_equal(same.predict(larger, case.vocabulary), labels)


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
    with pytest.raises(UserError, match="nothing to calibrate on"):
        BackgroundVector().fit(one.table.subset([]), one.vocabulary)
    one.table.embedding[0, 0] = np.nan
    with pytest.raises(UserError, match="finite"):
        BackgroundVector().fit(one.table, one.vocabulary)


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
