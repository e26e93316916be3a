"""Evidence from the image around a segment, against loops over segments."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from scipy.special import softmax

from groupseg.errors import UserError
from groupseg.strategies.context import EVIDENCE, Context, context_evidence, mean_alike
from groupseg.strategies.threshold import Threshold
from tests.tables import as_background, large_table, miou, random_case


def test_evidence_is_that_of_its_description() -> None:
    table = random_case(0, images=5, per_image=4).table.subset([0, 1, 2, 3])
    rows = np.delete(np.arange(16), [3, 6, 7])  # images of different sizes
    table = replace(
        table, image=table.image[rows], embedding=table.embedding[rows], area=table.area[rows],
        histogram=table.histogram[rows],
    )  # fmt: skip
    vocabulary = random_case(0, images=5, per_image=4).vocabulary
    found = context_evidence(table, vocabulary)
    for segment in range(len(rows)):
        image = found.image[segment]
        own = np.flatnonzero(table.image == table.image[segment])
        cosine = table.embedding @ vocabulary.text.T
        np.testing.assert_allclose(found.segments[0, segment], cosine[segment], atol=1e-6)
        whole = table.image_embedding[table.image[segment]] @ vocabulary.text.T
        np.testing.assert_allclose(found.images[0, image], whole, atol=1e-6)
        np.testing.assert_allclose(found.images[1, image], cosine[own].max(axis=0), atol=1e-6)
        likeness = [table.area[o] * np.exp(8 * table.embedding[segment] @ table.embedding[o]) for o in own]
        np.testing.assert_allclose(
            found.segments[1, segment], np.average(cosine[own], axis=0, weights=likeness), atol=1e-6
        )


def test_embeddings_may_be_of_any_length() -> None:
    random = np.random.default_rng(0)
    embedding, area = random.normal(0, 3, (6, 4)), random.integers(1, 100, 6)
    cosine = random.uniform(-1, 1, (6, 3))
    found = mean_alike(embedding.astype(np.float32), area, cosine.astype(np.float32))
    for segment in range(6):
        weights = softmax(8 * embedding[segment] @ embedding.T + np.log(area))
        np.testing.assert_allclose(found[segment], weights @ cosine, atol=1e-4)


def test_weights_and_biases_decide_as_torch_says() -> None:
    case = random_case(1, images=8)
    strategy = Context(steps=20).fit(case.table, case.vocabulary)
    found = context_evidence(case.table, case.vocabulary)
    stacked = np.concatenate([found.segments, found.images[:, found.image]]).astype(np.float64)
    weights = torch.tensor([strategy.weights[name] for name in EVIDENCE], dtype=torch.float64)
    logits = torch.einsum("k,ksc->sc", weights, torch.tensor(stacked)) - torch.tensor(strategy.biases)
    expected = torch.cat([torch.zeros(len(logits), 1), logits], dim=1).argmax(dim=1)
    np.testing.assert_array_equal(strategy.predict(case.table, case.vocabulary), expected)
    assert strategy.miou == pytest.approx(miou(case.table, strategy.predict(case.table, case.vocabulary)))


def test_helps_where_one_thing_is_torn_apart() -> None:
    table, vocabulary = large_table(3, segments=1200, classes=8, images=100)
    # Segments of an image are of its one class, each by itself hard to name.
    random = np.random.default_rng(0)
    truth = random.integers(1, 9, 100)[table.image]
    noisy = vocabulary.text[truth - 1] + 0.4 * random.normal(size=table.embedding.shape)
    embedding = (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)
    pixels = np.zeros((1200, 9), dtype=np.int64)
    pixels[np.arange(1200), truth] = 100
    table = replace(table, embedding=embedding, histogram=csr_array(pixels), area=np.full(1200, 100))
    single = Threshold(score="cosine").fit(table.subset(range(50)), vocabulary)
    context = Context(steps=100).fit(table.subset(range(50)), vocabulary)
    test = table.subset(range(50, 100))
    assert miou(test, context.predict(test, vocabulary)) > miou(test, single.predict(test, vocabulary)) + 0.05


def test_poor_calibration() -> None:
    case = random_case(3)
    strategy = Context(steps=5).fit(as_background(case.table, [2]), case.vocabulary)
    assert strategy.warnings == ["No calibration pixel of class1. They take the mean bias."]
    assert strategy.biases[1] == pytest.approx(np.mean([strategy.biases[0], strategy.biases[2]]), rel=1e-5)
    assert strategy.predict(case.table.subset([]), case.vocabulary).shape == (0,)
    strategy = Context(steps=5).fit(as_background(case.table, [1, 2, 3]), case.vocabulary)
    assert np.all(strategy.predict(case.table, case.vocabulary) == 0)
    with pytest.raises(UserError, match="`steps` to be at least 1"):
        Context(steps=0)
