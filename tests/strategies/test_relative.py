"""Relative scores against a straight-line computation, image by image."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import summary
from groupseg.strategies.relative import Relative
from groupseg.strategies.scores import SCORES, ScoreName, best_class
from tests.tables import random_case


@pytest.mark.parametrize("score", SCORES)
def test_relative_scores_by_hand(score: ScoreName) -> None:
    case = random_case(0)
    raw = best_class(score, case.table, case.text)[1]
    shares = Relative(by="max", score=score).candidates(case.table, case.text)[1]
    deviations = Relative(by="mean_std", score=score).candidates(case.table, case.text)[1]
    for image in range(len(case.table.keys)):
        own = case.table.image == image
        assert raw[own].max() > 0
        np.testing.assert_allclose(shares[own], raw[own] / raw[own].max(), atol=1e-12)
        np.testing.assert_allclose(deviations[own], (raw[own] - raw[own].mean()) / raw[own].std(), atol=1e-9)


@pytest.mark.parametrize("by", ["max", "mean_std"])
@pytest.mark.parametrize("seed", range(10))
def test_no_other_threshold_is_better(seed: int, by: Literal["max", "mean_std"]) -> None:
    case = random_case(seed)
    strategy = Relative(by=by).fit(case.table, case.text)
    label, score = strategy.candidates(case.table, case.text)

    def miou(threshold: float) -> float:
        return summary(image_counts(case.table, np.where(score >= threshold, label, 0)))["miou"]

    assert miou(strategy.threshold) == pytest.approx(strategy.miou, abs=1e-12)
    assert max(map(miou, np.linspace(-3, 3, 301))) <= strategy.miou + 1e-12


def test_negative_cosines_keep_their_order() -> None:
    case = random_case(1)
    strategy = Relative(by="max", score="cosine")
    away = replace(case.table, embedding=-np.abs(case.table.embedding))
    text = np.abs(case.text)
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
    assert np.all(Relative(by="mean_std").candidates(same, case.text)[1] == 0)
    assert np.all(Relative(by="max").candidates(same, case.text)[1] == 1)
    assert "no threshold can tell them apart" in Relative().fit(same, case.text).warnings[0]


def test_an_image_does_not_depend_on_the_others() -> None:
    case = random_case(3)
    for by in ("max", "mean_std"):
        whole = Relative(by=by).candidates(case.table, case.text)[1][case.table.image == 1]
        np.testing.assert_allclose(Relative(by=by).candidates(case.table.subset([1]), case.text)[1], whole, atol=1e-9)
