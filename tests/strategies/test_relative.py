"""Relative scores against a straight-line computation, image by image."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from groupseg.strategies.relative import RELATIVE, Relative
from groupseg.strategies.scores import SCORES, ScoreName, best_class
from tests.tables import highest_miou, miou, random_case


@pytest.mark.parametrize("score", SCORES)
def test_relative_scores_by_hand(score: ScoreName) -> None:
    case = random_case(0)
    raw = best_class(score, case.table, case.vocabulary)[1]
    shares = Relative(by="max", score=score).candidates(case.table, case.vocabulary)[1]
    deviations = Relative(by="mean_std", score=score).candidates(case.table, case.vocabulary)[1]
    for image in range(len(case.table.keys)):
        own = case.table.image == image
        assert raw[own].max() > 0
        np.testing.assert_allclose(shares[own], raw[own] / raw[own].max(), atol=1e-12)
        np.testing.assert_allclose(deviations[own], (raw[own] - raw[own].mean()) / raw[own].std(), atol=1e-9)


@pytest.mark.parametrize("by", RELATIVE)
@pytest.mark.parametrize("seed", range(10))
def test_no_other_threshold_is_better(seed: int, by: Literal["max", "mean_std", "quantile"]) -> None:
    case = random_case(seed)
    strategy = Relative(by=by).fit(case.table, case.vocabulary)
    label, score = strategy.candidates(case.table, case.vocabulary)
    assert strategy.miou == pytest.approx(highest_miou(case.table, label, score), abs=1e-12)
    assert strategy.miou == pytest.approx(miou(case.table, strategy.predict(case.table, case.vocabulary)), abs=1e-12)


def test_negative_cosines_keep_their_order() -> None:
    case = random_case(1)
    strategy = Relative(by="max", score="cosine")
    away = replace(case.table, embedding=-np.abs(case.table.embedding))
    text = replace(case.vocabulary, text=np.abs(case.text))
    raw = best_class("cosine", away, text)[1]
    relative = strategy.candidates(away, text)[1]
    assert np.all(raw < 0)
    for image in range(4):
        own = away.image == image
        assert relative[own].max() == 1
        np.testing.assert_array_equal(np.argsort(relative[own]), np.argsort(raw[own]))


def test_images_where_all_segments_score_the_same() -> None:
    case = random_case(2)
    same = replace(case.table, embedding=np.tile(case.text[0], (20, 1)))
    assert np.all(Relative(by="mean_std").candidates(same, case.vocabulary)[1] == 0)
    assert np.all(Relative(by="quantile").candidates(same, case.vocabulary)[1] == 1)
    assert np.all(Relative(by="max").candidates(same, case.vocabulary)[1] == 1)
    assert "no threshold can tell them apart" in Relative().fit(same, case.vocabulary).warnings[0]


def test_an_image_does_not_depend_on_the_others() -> None:
    case = random_case(3)
    for by in RELATIVE:
        whole = Relative(by=by).candidates(case.table, case.vocabulary)[1][case.table.image == 1]
        np.testing.assert_allclose(
            Relative(by=by).candidates(case.table.subset([1]), case.vocabulary)[1], whole, atol=1e-9
        )


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("seed", range(3))
def test_quantile_by_hand(seed: int, score: ScoreName) -> None:
    """Images of different sizes, one without segments, with segments that score the same."""
    case = random_case(seed, images=6)
    kept = np.random.default_rng(seed).random(30) < 0.5
    kept[case.table.image == 2] = False
    embedding = case.table.embedding.copy()
    embedding[:3] = embedding[3]
    parts = {"image": case.table.image, "embedding": embedding, "area": case.table.area}
    thinned = {name: part[kept] for name, part in parts.items()}
    table = replace(case.table, histogram=case.table.histogram[np.flatnonzero(kept)], **thinned)
    raw = best_class(score, table, case.vocabulary)[1]
    found = Relative(by="quantile", score=score).candidates(table, case.vocabulary)[1]
    for image in np.unique(table.image):
        own = raw[table.image == image]
        expected = (own[None] <= own[:, None] + 1e-12).mean(axis=1)
        np.testing.assert_allclose(found[table.image == image], expected)


def test_quantile_takes_the_same_share_of_each_image() -> None:
    case = random_case(4, images=6, classes=4)
    strategy = Relative(by="quantile").fit(case.table, case.vocabulary)
    labels = strategy.predict(case.table, case.vocabulary).reshape(6, 5)
    assert len(np.unique((labels > 0).sum(axis=1))) == 1
