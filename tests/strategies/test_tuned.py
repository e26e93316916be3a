"""What all strategies with a grid share: nothing on the grid is better, and the properties of any strategy."""

from dataclasses import replace

import numpy as np
import pytest

from groupseg.strategies.area import Area
from groupseg.strategies.prior import Prior
from groupseg.strategies.temperature import Temperature
from groupseg.strategies.top_k import TopK
from groupseg.strategies.tuned import Tuned
from tests.tables import as_background, highest_miou, miou, random_case

ALL = [Area, Prior, Temperature, TopK]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("seed", range(4))
def test_no_setting_with_any_threshold_is_better(kind: type[Tuned], seed: int) -> None:
    case = random_case(seed, classes=2 + seed * 2)
    strategy = kind().fit(case.table, case.vocabulary)
    assert miou(case.table, strategy.predict(case.table, case.vocabulary)) == pytest.approx(strategy.miou, abs=1e-12)
    for setting, found in zip(*strategy.tried.values(), strict=True):
        label, score = strategy.candidates_at(setting, case.table, case.vocabulary)
        assert found == pytest.approx(highest_miou(case.table, label, score), abs=1e-12)
    assert strategy.miou == max(strategy.tried["miou"])
    assert strategy.setting == strategy.tried["setting"][int(np.argmax(strategy.tried["miou"]))]


@pytest.mark.parametrize("kind", ALL)
def test_constant_scores_are_warned_of(kind: type[Tuned]) -> None:
    case = random_case(3)
    same = replace(
        case.table,
        embedding=np.tile(case.text[0], (20, 1)),
        image_embedding=np.tile(case.text[0], (4, 1)),
        area=np.full(20, 7),
    )
    assert "no threshold can tell them apart" in kind().fit(same, case.vocabulary).warnings[0]


@pytest.mark.parametrize("kind", ALL)
def test_without_background_nothing_is_background(kind: type[Tuned]) -> None:
    case = random_case(4, background=False)
    strategy = kind().fit(case.table, case.vocabulary)
    assert np.all(strategy.predict(case.table, case.vocabulary) > 0)
    for setting, found in zip(*strategy.tried.values(), strict=True):
        label, _ = strategy.candidates_at(setting, case.table, case.vocabulary)
        assert found == pytest.approx(miou(case.table, label), abs=1e-12)
    assert strategy.miou == max(strategy.tried["miou"])


@pytest.mark.parametrize("kind", ALL)
def test_a_class_that_never_occurs(kind: type[Tuned]) -> None:
    case = random_case(5, images=8, classes=4)
    table = as_background(case.table, [2])
    strategy = kind().fit(table, case.vocabulary)
    assert miou(table, strategy.predict(table, case.vocabulary)) == pytest.approx(strategy.miou, abs=1e-12)
