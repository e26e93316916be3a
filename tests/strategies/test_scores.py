"""Scores against a straight-line implementation, image by image."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from groupseg.errors import UserError
from groupseg.strategies.scores import SCORES, best_class, cosine, product, softmax
from tests.tables import Case, permuted, random_case


def released_score(case: Case, image: int, top: int) -> torch.Tensor:
    """The score of the GroupViT release for one image."""
    table = case.table
    text = torch.tensor(case.text, dtype=torch.float64)
    groups = torch.tensor(table.embedding[table.image == image], dtype=torch.float64)
    whole = torch.tensor(table.image_embedding[image], dtype=torch.float64)
    affinity = table.scale * groups @ text.T
    of_image = (table.scale * text @ whole).softmax(dim=0)
    nearest = of_image.topk(min(top, len(text))).indices
    masked = torch.full_like(affinity, -torch.inf)
    masked[:, nearest] = affinity[:, nearest]
    return masked.softmax(dim=1) * affinity.softmax(dim=1)


@pytest.mark.parametrize("classes", [1, 3, 5, 9])
def test_product_is_the_released_score(classes: int) -> None:
    case = random_case(classes, classes=classes)
    for image in range(len(case.table.keys)):
        found = product(case.table, case.vocabulary)[case.table.image == image]
        np.testing.assert_allclose(found, released_score(case, image, top=5), rtol=1e-12, atol=1e-15)
        assert np.all(np.count_nonzero(found, axis=1) == min(classes, 5))
    # With all classes in, it is the square of the softmax.
    np.testing.assert_allclose(product(case.table, case.vocabulary, top=99), softmax(case.table, case.vocabulary) ** 2)


def test_cosine_and_softmax_are_those_of_torch() -> None:
    case = random_case(0)
    embedding, text = torch.tensor(case.table.embedding).double(), torch.tensor(case.text).double()
    expected = torch.nn.functional.cosine_similarity(embedding[:, None], text[None], dim=2)
    np.testing.assert_allclose(cosine(case.table, case.vocabulary), expected, atol=1e-6)
    expected = (case.table.scale * embedding @ text.T).softmax(dim=1)
    np.testing.assert_allclose(softmax(case.table, case.vocabulary), expected, atol=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_renaming_classes_renames_scores(score: str) -> None:
    case, order = random_case(1, classes=7), np.random.default_rng(1).permutation(7)
    renamed = permuted(case, order)
    expected = SCORES[score](case.table, case.vocabulary)[:, order]
    np.testing.assert_allclose(SCORES[score](renamed.table, renamed.vocabulary), expected, atol=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_score_of_a_segment_does_not_depend_on_other_images(score: str) -> None:
    case = random_case(2, classes=7)
    part = SCORES[score](case.table.subset([2]), case.vocabulary)
    expected = SCORES[score](case.table, case.vocabulary)[case.table.image == 2]
    np.testing.assert_allclose(part, expected, atol=1e-14)


def test_large_scales_do_not_overflow() -> None:
    case = random_case(3)
    table = replace(case.table, scale=1e6)
    for score in SCORES.values():
        assert np.all(np.isfinite(score(table, case.vocabulary)))


def test_best_class_is_one_based() -> None:
    case = random_case(4)
    label, score = best_class("cosine", case.table, case.vocabulary)
    expected = cosine(case.table, case.vocabulary)
    assert label.dtype == np.int32
    np.testing.assert_array_equal(label, expected.argmax(axis=1) + 1)
    np.testing.assert_array_equal(score, expected.max(axis=1))


@pytest.mark.parametrize("score", SCORES)
def test_nan_and_texts_of_other_classes_are_errors(score: str) -> None:
    case = random_case(5)
    embedding = case.table.embedding.copy()
    embedding[8] = np.nan
    with pytest.raises(UserError, match=f"finite {score} scores, but got nan in image 'image1'"):
        best_class(score, replace(case.table, embedding=embedding), case.vocabulary)
    with pytest.raises(UserError, match=r"class texts of shape \(3, 6\)"):
        best_class(score, case.table, case.vocabulary.select(case.table.classes[:2]))
