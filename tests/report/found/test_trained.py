"""What other trainings do, said of results that were made up: one way, and the other way."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from groupseg.report.found import trained
from groupseg.report.gains import Gains
from groupseg.report.numbers import MINUS
from tests.report.made import dataset, results

SEEDS = (0.001, 0.002)
WEIGHT = {"background_weight": 0.5}
Trained = Sequence[tuple[Mapping[str, Any], float]]


def told(root: Path, models: Trained = (), seeds: Sequence[float] = SEEDS) -> Gains:
    return Gains(results(root, [dataset()], seeds, models))


def test_a_constraint_is_held_against_all_seeds_without_it(tmp_path: Path) -> None:
    lower = trained.constraint(told(tmp_path / "a", [(WEIGHT, -0.1)]))
    assert "was tried with the weight 0.5." in lower
    assert "With weight 0.5 `context` loses on alpha against training without it (1 training against 3): " in lower
    assert f"alpha {MINUS}10.1 [" in lower
    assert "gains on alpha" in trained.constraint(told(tmp_path / "b", [(WEIGHT, 0.1)]))
    assert "shows nothing measurable on alpha" in trained.constraint(told(tmp_path / "c", [(WEIGHT, 0.01)]))
    assert trained.constraint(told(tmp_path / "d")) == ""


def test_the_best_weight_and_the_worst_are_told(tmp_path: Path) -> None:
    weights = [({"background_weight": weight}, change) for weight, change in ((1.0, -0.2), (0.1, 0.1), (0.25, 0.0))]
    text = trained.constraint(told(tmp_path, weights))
    assert "was tried with the weights 0.1, 0.25 and 1." in text
    assert "With weight 0.1 `context` gains on alpha" in text
    assert "That is the best weight; with the worst, 1, `context` loses on alpha" in text


def test_a_spread_of_seeds_takes_it_back(tmp_path: Path) -> None:
    assert "nothing measurable" in trained.constraint(told(tmp_path, [(WEIGHT, -0.1)], seeds=(0.05, -0.05)))


def test_seeds_of_a_kind_are_one(tmp_path: Path) -> None:
    models = [({"tokens": 24, "merged": 12, "seed": seed}, -0.1) for seed in range(3)]
    text = trained.stages(told(tmp_path, models))
    assert "With two grouping stages (`m3`) `context` loses on alpha against one stage (3 trainings against 3)" in text
    assert text.count("`context`") == 1
    assert "The label oracle shows nothing measurable on alpha" in text


@pytest.mark.parametrize(("change", "words"), [(-0.1, "is higher on"), (0.1, "is lower on")])
def test_the_ladder_says_what_is_lost_to_what(tmp_path: Path, change: float, words: str) -> None:
    text = trained.stages(told(tmp_path, [({"tokens": 24, "merged": 12}, change)]))
    assert f"Then, by the ladder, what is lost to wrong background {words} alpha; " in text
    assert "what is lost to wrong names and to masks does not differ measurably on alpha." in text
    same = trained.stages(told(tmp_path / "same", [({"tokens": 24, "merged": 12}, 0.0)]))
    assert "what is lost to wrong background, to wrong names and to masks does not differ measurably on alpha." in same


def test_priors_and_separation_are_their_own(tmp_path: Path) -> None:
    models = [({**WEIGHT, "area_weight": 0.4}, 0.1), ({**WEIGHT, "separation_weight": 0.4}, -0.1)]
    found = told(tmp_path, models)
    with_prior, with_separation = trained.prior(found), trained.separation(found)
    assert "TCL's area prior beside a background constraint (`m3`) `context` gains on alpha" in with_prior
    assert "against training without both (1 training against 3)" in with_prior
    assert "SynSeg's separation beside a background constraint (`m4`) `context` loses on alpha" in with_separation
    assert trained.constraint(found) == trained.stages(found) == trained.unrefined(found) == ""


def test_what_stands_beside_a_constraint_is_held_against_the_same_constraint_alone(tmp_path: Path) -> None:
    models = [(WEIGHT, 0.1), ({"background_weight": 0.1}, 0.4), ({**WEIGHT, "area_weight": 0.4}, 0.0)]
    text = trained.prior(told(tmp_path, models))
    assert "loses on alpha against the same constraint alone (1 training against 1)" in text
    assert f"alpha {MINUS}10.0 [" in text


def test_other_masks_are_held_against_the_same_weights(tmp_path: Path) -> None:
    text = trained.unrefined(told(tmp_path, [({"refine": "none"}, -0.1)], seeds=(0.3, 0.4)))
    assert "With masks as they are `context` loses on alpha against the same weights (1 training against 1, " in text
    assert f"alpha {MINUS}10.0 [" in text
    assert "seeds were not looked at" in text


def test_with_one_training_each_the_sentence_says_so(tmp_path: Path) -> None:
    text = trained.constraint(told(tmp_path, [(WEIGHT, -0.1)], seeds=()))
    assert "(1 training against 1, and seeds were not looked at)" in text
