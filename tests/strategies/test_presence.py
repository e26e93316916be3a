"""Cuts on presence against scikit-learn's F1, and what they let through, image by image."""

import json
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from groupseg.errors import UserError
from groupseg.strategies.presence import Presence, best_cut
from groupseg.strategies.scores import cosine
from tests.tables import Case, as_background, highest_miou, large_table, miou, random_case

BY: list[Literal["image", "segments"]] = ["image", "segments"]


def presence_by_hand(case: Case, by: str) -> np.ndarray:
    rows = [
        case.table.image_embedding[image] @ case.text.T
        if by == "image"
        else (case.table.embedding[case.table.image == image] @ case.text.T).max(axis=0)
        for image in range(len(case.table.keys))
    ]
    return np.array(rows)


def present_by_hand(case: Case) -> np.ndarray:
    labels = range(1, len(case.table.classes) + 1)
    return np.array([[np.any(picture == label) for label in labels] for picture in case.truth])


@pytest.mark.parametrize("seed", range(20))
def test_no_other_cut_has_a_higher_f1_or_iou(seed: int) -> None:
    random = np.random.default_rng(seed)
    presence = random.normal(size=30).round(1 if seed % 2 else 6)  # rounded, so that some are equal
    present = presence + random.normal(size=30) > 0.5
    through = presence >= best_cut(presence, present)
    others = [presence >= cut for cut in [*presence, 9.0]]
    for score in (f1_score, jaccard_score):
        best = score(present, through)
        assert best == pytest.approx(max(score(present, other, zero_division=0) for other in others), abs=1e-12)


def test_cuts_where_nothing_or_everything_is_present() -> None:
    presence = np.array([0.5, -0.25, 0.25])
    assert not np.any(presence >= best_cut(presence, np.zeros(3, dtype=bool)))
    assert np.all(presence >= best_cut(presence, np.ones(3, dtype=bool)))


@pytest.mark.parametrize("by", BY)
def test_cuts_shrink_towards_the_common_one(by: Literal["image", "segments"]) -> None:
    case = random_case(1, images=12, classes=4)
    presence, present = presence_by_hand(case, by), present_by_hand(case)
    strategy = Presence(by=by, shrinkage=3.0).fit(case.table, case.vocabulary)
    common = best_cut(presence.ravel(), present.ravel())
    assert strategy.common == pytest.approx(common, abs=1e-6)
    for label in range(4):
        images = present[:, label].sum()
        own = best_cut(presence[:, label], present[:, label])
        assert strategy.cuts[label] == pytest.approx((images * own + 3 * common) / (images + 3), abs=1e-6)
    through = presence >= np.array(strategy.cuts)
    assert strategy.f1 == pytest.approx(f1_score(present.ravel(), through.ravel()), abs=1e-12)
    assert Presence(by=by, shrinkage=1e12).fit(case.table, case.vocabulary).cuts == pytest.approx([common] * 4)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("seed", range(5))
def test_candidates_by_hand(seed: int, by: Literal["image", "segments"]) -> None:
    case = random_case(seed, images=8, classes=5)
    strategy = Presence(by=by).fit(case.table, case.vocabulary)
    label, score = strategy.candidates(case.table, case.vocabulary)
    presence, cosines = presence_by_hand(case, by), cosine(case.table, case.vocabulary)
    for row, image in enumerate(case.table.image):
        through = [index for index in range(5) if presence[image, index] >= strategy.cuts[index]] or list(range(5))
        assert label[row] - 1 == max(through, key=lambda index: cosines[row, index])
        assert score[row] == cosines[row, label[row] - 1]
    assert strategy.miou == pytest.approx(highest_miou(case.table, label, score), abs=1e-12)
    assert strategy.miou == pytest.approx(miou(case.table, strategy.predict(case.table, case.vocabulary)), abs=1e-12)


def test_an_image_that_lets_nothing_through_lets_all_through() -> None:
    case = random_case(2)
    strategy = Presence().fit(case.table, case.vocabulary)
    strategy.cuts = [2.0] * 3
    cosines = cosine(case.table, case.vocabulary)
    np.testing.assert_array_equal(strategy.candidates(case.table, case.vocabulary)[0], cosines.argmax(axis=1) + 1)


def test_class_without_calibration_pixels_takes_the_common_cut() -> None:
    case = random_case(3, images=8, classes=4)
    table = as_background(case.table, [2])
    for shrinkage in (0.0, 10.0):
        strategy = Presence(shrinkage=shrinkage).fit(table, case.vocabulary)
        assert strategy.cuts[1] == strategy.common
        assert strategy.warnings == ["No calibration pixel of class1. They take the common cut."]


@pytest.mark.parametrize("by", BY)
def test_images_without_segments_change_nothing(by: Literal["image", "segments"]) -> None:
    case = random_case(4)
    embeddings = np.concatenate([case.table.image_embedding, -case.table.image_embedding[:1]])
    more = replace(case.table, keys=(*case.table.keys, "empty"), image_embedding=embeddings)
    strategies = [Presence(by=by).fit(table, case.vocabulary) for table in (case.table, more)]
    assert strategies[0].to_json() == strategies[1].to_json()


def test_broken_embeddings_of_images_are_an_error() -> None:
    case = random_case(6)
    case.table.image_embedding[1] = np.nan
    with pytest.raises(UserError, match="finite image"):
        Presence(by="image").fit(case.table, case.vocabulary)


def test_record_is_small() -> None:
    table, vocabulary = large_table(0, segments=4800, classes=80, images=400)
    assert len(json.dumps(Presence().fit(table, vocabulary).to_json())) < 20_000
