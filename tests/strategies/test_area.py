"""The share of the image, and what a slope does with it."""

from dataclasses import replace

import numpy as np
import pytest

from groupseg.strategies.area import SLOPES, Area, log_share
from groupseg.strategies.scores import SCORES, ScoreName, best_class
from groupseg.strategies.threshold import Threshold
from tests.tables import random_case, unit


def test_share_of_the_image_by_hand() -> None:
    case = random_case(0)
    for segment, image in enumerate(case.table.image):
        share = np.mean(case.segments[image] == segment)
        assert log_share(case.table, np.ones(len(case.table.image), np.int32))[segment] == pytest.approx(
            np.log(share), abs=1e-12
        )


@pytest.mark.parametrize("score", SCORES)
def test_slopes_are_in_the_unit_of_the_score(score: ScoreName) -> None:
    case = random_case(1)
    label, raw = best_class(score, case.table, case.vocabulary)
    strategy = Area(score=score)
    slopes = list(strategy.settings(case.table, case.vocabulary))
    assert slopes[0] == 0
    assert {slope > 0 for slope in slopes[1:]} == {True, False}
    np.testing.assert_allclose(slopes, np.array(SLOPES) * np.std(raw))
    found, tilted = strategy.candidates_at(0.25, case.table, case.vocabulary)
    np.testing.assert_array_equal(found, label)
    np.testing.assert_allclose(tilted, raw - 0.25 * log_share(case.table, label))


@pytest.mark.parametrize("seed", range(5))
def test_segments_of_one_size_need_no_slope(seed: int) -> None:
    case = random_case(seed)
    table = replace(case.table, area=np.full(20, 9))
    strategy, single = Area().fit(table, case.vocabulary), Threshold(score="cosine").fit(table, case.vocabulary)
    assert (strategy.setting, strategy.threshold, strategy.miou) == (0, single.threshold, single.miou)


def test_large_background_is_found_out() -> None:
    """Where background segments score like the others and are larger, only a positive slope helps."""
    case = random_case(2, images=20, noise=0.3)
    main = case.table.histogram.toarray().argmax(axis=1)
    noise = 0.1 * np.random.default_rng(0).normal(size=case.table.embedding.shape)
    table = replace(
        case.table,
        embedding=unit(case.text[np.where(main == 0, 1, main) - 1] + noise),
        area=np.where(main == 0, 90, 10) + np.arange(100) % 7,
    )
    strategy, single = Area().fit(table, case.vocabulary), Threshold(score="cosine").fit(table, case.vocabulary)
    assert strategy.setting > 0
    assert strategy.miou > single.miou + 0.03
