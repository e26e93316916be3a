"""Rules of one data set on another."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest

from groupseg.metrics.curve import Curve
from groupseg.metrics.iou import labelling_miou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.registry import STRATEGIES, build
from groupseg.strategies.threshold import Threshold
from groupseg.studies.transfer import TRANSFER_COLUMNS, common_threshold, portable, transfer_study
from tests.tables import Case, random_case

CASES = {"a": random_case(0, images=6), "b": random_case(1, images=9, classes=5), "c": random_case(2, classes=2)}
# Fitted in no time; all that have no number for single classes are among them.
PARAMS: dict[str, dict[str, Any]] = {
    "global": {"rule": "threshold"},
    "cosine": {"rule": "threshold", "score": "cosine"},
    "relative": {"rule": "relative"},
    "area": {"rule": "area"},
    "temperature": {"rule": "temperature"},
    "top_k": {"rule": "top_k"},
    "prior": {"rule": "prior"},
    "rankseg": {"rule": "rankseg"},
    "floss": {"rule": "floss", "experts": 2},
    "stacking": {"rule": "background_prompts", "words": "sclip"},
    "background_vector": {"rule": "background_vector", "steps": 2},
}


def halves(case: Case) -> tuple[SegmentTable, SegmentTable]:
    calib, test = np.array_split(np.arange(len(case.table.keys)), 2)
    return case.table.subset(calib), case.table.subset(test)


def fitted(params: Mapping[str, dict[str, Any]], cases: Mapping[str, Case] = CASES) -> dict[str, dict[str, Strategy]]:
    return {
        name: {title: build(entry).fit(halves(case)[0], case.vocabulary) for title, entry in params.items()}
        for name, case in cases.items()
    }


def judged(strategies: Mapping[str, Mapping[str, Strategy]], cases: Mapping[str, Case] = CASES) -> pd.DataFrame:
    """The rows of all data sets."""
    tables = [transfer_study(name, strategies, halves(case)[1], case.vocabulary) for name, case in cases.items()]
    return pd.DataFrame(chain.from_iterable(tables), columns=TRANSFER_COLUMNS)


def miou(strategy: Strategy, case: Case) -> float:
    test = halves(case)[1]
    return labelling_miou(test, strategy.predict(test, case.vocabulary))


@pytest.fixture(scope="module")
def strategies() -> dict[str, dict[str, Strategy]]:
    return fitted(PARAMS)


def test_at_home_each_is_worth_what_it_predicts(strategies: dict[str, dict[str, Strategy]]) -> None:
    found = judged(strategies).set_index(["strategy", "from", "to"]).miou
    assert list(judged(strategies).columns) == ["strategy", "from", "to", "miou", "moved"]
    for name, case in CASES.items():
        for title in PARAMS:
            assert found[title, name, name] == miou(strategies[name][title], case)


def test_elsewhere_each_predicts_with_all_that_labels_have_taught_it(
    strategies: dict[str, dict[str, Strategy]],
) -> None:
    found = judged(strategies).set_index(["strategy", "from", "to"])
    for title in PARAMS:
        moved = deepcopy(strategies["b"][title])
        # Found without labels on the data set itself: all else is that of the other.
        own = {"prior": ("log_prior",), "floss": ("templates",)}.get(title, ())
        for part in set(vars(moved)) - set(own):
            setattr(moved, part, getattr(strategies["a"][title], part))
        assert found.miou[title, "a", "b"] == pytest.approx(miou(moved, CASES["b"]), abs=1e-12)
    assert found.moved["temperature", "a", "b"] == "setting, threshold"
    assert found.moved["cosine", "a", "b"] == "threshold"
    assert found.moved["background_vector", "a", "b"] == "learned, bias, scale"


def test_what_labels_have_taught_about_single_classes_stays_at_home() -> None:
    bound = {
        "fixed": {"rule": "fixed", "threshold": 0.5},
        "per_class": {"rule": "per_class"},
        "presence": {"rule": "presence"},
        "prompts": {"rule": "background_prompts", "words": "sclip", "calibrated": False},
        "captions": {"rule": "background_captions", "calibrated": False},
    }
    assert judged(fitted(bound)).empty
    assert list(judged(fitted({})).columns) == ["strategy", "from", "to", "miou", "moved"]
    # A rule with a number for each class, or none at all, has nothing that is said to be portable.
    several = {"fixed", "per_class", "presence", "plug_in", "classifier", "learned", "context"}
    assert {rule for rule, made in STRATEGIES.items() if not getattr(made, "PORTABLE", ())} == several


def test_the_common_threshold_is_the_best_of_all_on_average() -> None:
    random = np.random.default_rng(0)

    def curve(points: int) -> Curve:
        return Curve(np.sort(random.random(points))[::-1], random.random(points), np.zeros(points))

    def read(curve: Curve, threshold: float) -> float:
        """A step function: the point of as many scores that reach the threshold."""
        return float(curve.miou[np.count_nonzero(curve.thresholds[1:] >= threshold)])

    curves = [curve(points) for points in (3, 8, 20)]
    tried = np.concatenate([curve.thresholds for curve in curves])
    best = max(np.mean([read(curve, threshold) for curve in curves]) for threshold in tried)
    chosen = common_threshold(curves)
    assert np.mean([read(curve, chosen) for curve in curves]) == pytest.approx(best)


def test_one_threshold_for_all_is_tried_where_nothing_else_was_fitted(
    strategies: dict[str, dict[str, Strategy]],
) -> None:
    found = judged(strategies)
    assert set(found.strategy[found["from"] == "all"]) == {"global", "cosine", "relative", "floss", "stacking"}
    one = fitted({"cosine": PARAMS["cosine"]}, {"a": CASES["a"]})
    alone = judged(one, {"a": CASES["a"]}).set_index("from").miou
    assert alone["all"] == alone["a"]


def test_a_strategy_that_one_data_set_lacks_is_moved_between_the_others() -> None:
    some = fitted({"x": PARAMS["global"]})
    found = judged({**some, "c": {}})
    assert set(found["to"]) == set(found["from"]) - {"all"} == {"a", "b"}


def test_no_threshold_matters_where_there_is_no_background() -> None:
    case = random_case(3, classes=4, background=False)
    cases = CASES | {"d": case}
    found = judged(fitted({"cosine": PARAMS["cosine"]}, cases), cases)
    there = found[found["to"] == "d"]
    assert set(there["from"]) == {*cases, "all"}
    test = halves(case)[1]
    labels = Threshold(score="cosine").candidates(test, case.vocabulary)[0]
    assert there.miou.to_numpy() == pytest.approx(labelling_miou(test, labels), abs=1e-12)


def test_what_was_found_without_labels_stays_that_of_the_data_set() -> None:
    @dataclass(kw_only=True)
    class Centred(Threshold):
        """Scores less their mean on the calibration images, for which no label is needed."""

        PORTABLE: ClassVar[tuple[str, ...]] = ("threshold",)
        mean: float = field(init=False, repr=False, compare=False)

        def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
            self.mean = float(super().candidates(table, vocabulary)[1].mean())
            return super().fit(table, vocabulary)

        def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> Any:
            label, score = super().candidates(table, vocabulary)
            return label, score - getattr(self, "mean", 0)

    own = {name: {"x": Centred(score="cosine").fit(halves(case)[0], case.vocabulary)} for name, case in CASES.items()}
    target = deepcopy(own["b"]["x"])
    target.threshold = own["a"]["x"].threshold
    found = judged(own).set_index(["from", "to"]).miou
    assert found["a", "b"] == miou(target, CASES["b"])


def test_parts_are_results_of_the_fit(strategies: dict[str, dict[str, Strategy]]) -> None:
    names: Sequence[str] = list(PARAMS)
    for name in names:
        own = strategies["a"][name]
        assert set(portable(own)) <= set(own.to_json()["fitted"])
        assert portable(own)
