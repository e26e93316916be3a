"""Cross-fitting: against fits by hand, and against strategies that know every image they have seen by heart."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any, Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.array_types import Labels
from groupseg.errors import UserError
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.crossfit import CrossFit, held_out, image_folds
from groupseg.strategies.registry import build, load
from groupseg.strategies.scores import Scores
from tests.tables import Case, miou, random_case

QUICK: list[dict[str, Any]] = [
    {"rule": "fixed", "threshold": 0.5},
    {"rule": "threshold", "score": "cosine"},
    {"rule": "per_class"},
    {"rule": "temperature"},
    {"rule": "presence", "by": "image"},
    {"rule": "classifier", "model": "logistic"},
    {"rule": "learned", "steps": 5},
]


class ByHeart:
    """Knows the best label of every segment it has seen, by its embedding, and calls the others background."""

    needs = None

    def __init__(self) -> None:
        self.labels: dict[bytes, int] = {}
        self.images: set[str] = set()

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        self.images = set(table.keys)
        rows = map(bytes, table.embedding)
        self.labels = dict(zip(rows, label_oracle(table).tolist(), strict=True))
        return self

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        label = self.predict(table, vocabulary)
        return np.maximum(label, np.int32(1)), label.astype(np.float64)

    def predict(self, table: SegmentTable, vocabulary: Vocabulary) -> Labels:
        assert self.images.isdisjoint(table.keys)
        return np.array([self.labels.get(bytes(row), 0) for row in table.embedding], dtype=np.int32)

    def to_json(self) -> dict[str, Any]:
        return {"rule": "by_heart", "params": {}, "fitted": {}, "curve": None, "warnings": []}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls()


class Leaking(ByHeart):
    """Does not mind to be asked about images it has seen."""

    def predict(self, table: SegmentTable, vocabulary: Vocabulary) -> Labels:
        self.images = set()
        return super().predict(table, vocabulary)


def drawn(seed: int = 0, images: int = 20, **kinds: Any) -> Case:
    return random_case(seed, images=images, vectors=3, **kinds)


def test_what_is_known_by_heart_is_worth_nothing() -> None:
    case = drawn()
    table = case.table
    perfect = miou(table, label_oracle(table))
    assert miou(table, Leaking().fit(table, case.vocabulary).predict(table, case.vocabulary)) == perfect > 0.5
    for strategy in (ByHeart(), Leaking()):
        crossed = CrossFit(strategy, 4).fit(table, case.vocabulary)
        assert not crossed.predict(table, case.vocabulary).any()
        assert not crossed.candidates(table, case.vocabulary)[1].any()


@settings(max_examples=25, deadline=None)
@given(names=st.sets(st.text(max_size=8), min_size=12, max_size=12), folds=st.integers(2, 15))
def test_every_image_is_judged_once_by_a_copy_that_has_not_seen_it(names: set[str], folds: int) -> None:
    case = drawn(images=12, per_image=2)
    table = replace(case.table, keys=tuple(sorted(names)))
    fold = image_folds(table.keys, folds)
    assert [int(sha256(key.encode()).hexdigest()[:16], 16) % folds for key in table.keys] == fold.tolist()
    if len(set(fold)) == 1:
        return
    crossed = CrossFit(ByHeart(), folds).fit(table, case.vocabulary)
    for number, copy in enumerate(crossed.copies):
        assert isinstance(copy, ByHeart)
        assert copy.images == {key for key, own in zip(table.keys, fold, strict=True) if own != number}
    crossed.predict(table, case.vocabulary)  # each copy asserts that it has seen none of what it is asked


@pytest.mark.parametrize("params", QUICK, ids=str)
@pytest.mark.parametrize("background", [True, False])
def test_labels_and_scores_are_those_of_fits_by_hand(params: dict[str, Any], background: bool) -> None:
    case = drawn(1, background=background)
    table, words = case.table, case.vocabulary
    crossed = CrossFit(build(params), 3).fit(table, words)
    labels, (candidate, score) = crossed.predict(table, words), crossed.candidates(table, words)
    assert (labels.dtype, candidate.dtype, score.dtype) == (np.int32, np.int32, np.float64)
    fold = image_folds(table.keys, 3)
    for number in range(3):
        inside, outside = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        own = build(params).fit(table.subset(outside), words)
        rows = np.isin(table.image, inside)
        part = table.subset(inside)
        np.testing.assert_array_equal(labels[rows], own.predict(part, words))
        np.testing.assert_array_equal(candidate[rows], own.candidates(part, words)[0])
        np.testing.assert_array_equal(score[rows], own.candidates(part, words)[1])
    if not background:
        assert labels.min() > 0


def test_a_part_of_the_images_is_judged_as_the_whole_is() -> None:
    case = drawn(2)
    crossed = CrossFit(build({"rule": "per_class"}), 5).fit(case.table, case.vocabulary)
    labels = crossed.predict(case.table, case.vocabulary)
    some = [17, 3, 4, 11]
    expected = np.concatenate([labels[case.table.image == row] for row in some])
    np.testing.assert_array_equal(crossed.predict(case.table.subset(some), case.vocabulary), expected)
    assert crossed.predict(case.table.subset([]), case.vocabulary).shape == (0,)


@pytest.mark.parametrize("params", QUICK, ids=str)
def test_record_is_read_back(params: dict[str, Any]) -> None:
    case = drawn(3)
    strategy = build(params)
    untouched = dict(vars(strategy))
    crossed = CrossFit(strategy, 3).fit(case.table, case.vocabulary)
    record = json.loads(json.dumps(crossed.to_json(), allow_nan=False))
    assert set(record) == {"rule", "params", "fitted", "curve", "warnings", "folds"}
    assert {"rule": record["rule"], **record["params"]}.items() >= params.items()
    assert (record["fitted"], record["curve"]) == ({}, None)
    assert [set(fold) for fold in record["folds"]] == [{"fitted", "curve", "warnings"}] * 3
    again = load(record)
    assert again.to_json() == crossed.to_json()
    np.testing.assert_array_equal(
        again.predict(case.table, case.vocabulary), crossed.predict(case.table, case.vocabulary)
    )
    assert vars(strategy) == untouched


def test_a_record_of_something_else_is_an_error() -> None:
    case = drawn(4)
    record = CrossFit(build({"rule": "threshold"}), 2).fit(case.table, case.vocabulary).to_json()
    with pytest.raises(UserError, match="does not fit its rule"):
        load({**record, "folds": [record["folds"][0], {**record["folds"][1], "fitted": {}}]})
    with pytest.raises(UserError, match="`crossfit` to be at least 2, but got 1"):
        load({**record, "folds": record["folds"][:1]})


def test_a_warning_says_in_how_many_folds_it_was_given() -> None:
    case = drawn(5)
    pixels = case.table.histogram.toarray()
    fold = image_folds(case.table.keys, 4)[case.table.image]
    pixels[:, 1] = 0
    pixels[fold != 2, 2] = 0
    table = replace(case.table, histogram=type(case.table.histogram)(pixels))
    warnings = CrossFit(build({"rule": "per_class"}), 4).fit(table, case.vocabulary).to_json()["warnings"]
    absent = [line for line in warnings if line.startswith("No calibration pixel")]
    assert [line.split(".")[0] for line in absent] == [
        "No calibration pixel of class0",
        "No calibration pixel of class0, class1",
    ]
    assert [line.partition(" (")[2] for line in absent] == ["3 of 4 folds)", "1 of 4 folds)"]


def test_fewer_than_two_folds_are_an_error() -> None:
    with pytest.raises(UserError, match="`crossfit` to be at least 2, but got 1"):
        CrossFit(build({"rule": "threshold"}), 1)


@pytest.mark.parametrize("rule", [{"rule": "fixed", "threshold": 0.5}, {"rule": "threshold"}])
def test_folds_that_leave_nothing_to_fit_on_are_one_clear_line(rule: dict[str, Any]) -> None:
    case = drawn(6, images=4)
    alone = case.table.subset([2])
    number = image_folds(alone.keys, 3)[0]
    message = rf"crossfit: 3 leaves no labelled image outside fold {number} .* Choose another number of folds, or add"
    with pytest.raises(UserError, match=message) as caught:
        CrossFit(build(rule), 3).fit(alone, case.vocabulary)
    assert "\n" not in str(caught.value)


def test_studies_judge_the_first_fold() -> None:
    case = drawn(7)
    calibration, test = held_out(case.table, 3)
    assert sorted((*calibration.keys, *test.keys)) == sorted(case.table.keys)
    assert not image_folds(test.keys, 3).any()
    assert image_folds(calibration.keys, 3).all()
    with pytest.raises(UserError, match="crossfit: 3 leaves no labelled image of 1 in fold 0"):
        held_out(case.table.subset(np.flatnonzero(image_folds(case.table.keys, 3) == 1)[:1]), 3)
    with pytest.raises(UserError, match="crossfit: 3 leaves no labelled image outside fold 0"):
        held_out(test, 3)


def test_it_looks_at_the_texts_that_its_strategy_looks_at() -> None:
    assert CrossFit(build({"rule": "floss"}), 2).uses_ensemble
    prompts = CrossFit(build({"rule": "background_prompts", "words": "clip_es"}), 2)
    assert (prompts.uses_ensemble, prompts.word_lists) == (False, ("clip_es",))
