"""The ladder: nested rungs, steps that add up, and each rung against its definition."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.metrics.bootstrap import bootstrap_miou, constant, interval, resample_weights
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.ladder import Known, ladder, ladder_labels, naive_labels, present_class
from groupseg.metrics.oracle import label_oracle
from groupseg.strategies.scores import cosine
from tests.tables import Case, miou, random_case

NAMES = [
    "fixed", "calibrated", "test threshold", "background known", "presence known", "label oracle", "best labelling",
    "perfect",
]  # fmt: skip


def known(case: Case, seed: int = 0) -> Known:
    """A strategy by the cosine with a threshold from nowhere, above a fixed rule that calls nothing background."""
    table, scores = case.table, cosine(case.table, case.vocabulary)
    candidate, score = scores.argmax(axis=1).astype(np.int32) + 1, scores.max(axis=1)
    accepted = (score >= np.random.default_rng(seed).uniform(0, 1)) | (not table.with_background)
    return Known(
        fixed=candidate,
        calibrated=np.where(accepted, candidate, np.int32(0)),
        candidate=candidate,
        score=score,
        present=present_class(table, scores, candidate),
        oracle=label_oracle(table),
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0, 0.9), st.booleans())
@settings(max_examples=40, deadline=None)
def test_rungs_are_nested_and_steps_add_up(seed: int, classes: int, ignored: float, background: bool) -> None:
    case = random_case(seed, classes=classes, ignored=ignored, background=background)
    if case.table.histogram.sum() == 0:
        return
    labels = ladder_labels(case.table, known(case, seed))
    rungs = ladder(case.table, labels, resample_weights(4, 20, 0))
    assert [rung.name for rung in rungs] == NAMES
    assert sum(rung.step for rung in rungs) == pytest.approx(1)
    for rung, given_labels in zip(rungs, labels.values(), strict=False):
        assert given_labels.dtype == np.int32
        assert rung.miou == miou(case.table, given_labels)
    for rung in rungs:
        if rung.name not in ("calibrated", "label oracle"):
            assert rung.step >= -1e-12
    by_name = {rung.name: rung.miou for rung in rungs}
    assert by_name["best labelling"] >= by_name["presence known"] - 1e-12
    if not background:
        searched = ("calibrated", "test threshold", "background known", "presence known", "best labelling")
        assert all(labels[name].min() > 0 for name in searched)
        assert by_name["background known"] == by_name["calibrated"]


@pytest.mark.parametrize("seed", range(6))
def test_each_rung_is_the_best_of_what_it_may_do(seed: int) -> None:
    case = random_case(seed, images=2, per_image=3)
    table, knows = case.table, known(case, seed)
    labels = ladder_labels(table, knows)
    thresholds = [*knows.score, 2]
    single = max(miou(table, np.where(knows.score >= value, knows.candidate, 0)) for value in thresholds)
    assert miou(table, labels["test threshold"]) == pytest.approx(max(single, miou(table, knows.calibrated)))
    pairs = list(zip(knows.candidate, knows.present, strict=True))
    choices = {
        "background known": [{0, candidate} for candidate, _ in pairs],
        "presence known": [{0, candidate, present} for candidate, present in pairs],
        "best labelling": [set(range(4))] * 6,
    }
    for name, choice in choices.items():
        best = max(miou(table, np.array(given_labels)) for given_labels in product(*choice))
        assert miou(table, labels[name]) == pytest.approx(best)


def test_a_strategy_that_no_threshold_equals_is_kept() -> None:
    case = random_case(5)
    right = np.flatnonzero(case.table.histogram.toarray().argmax(axis=1))
    knows = known(case)
    calibrated = np.zeros_like(knows.candidate)
    calibrated[right] = knows.candidate[right]
    knows = replace(knows, calibrated=calibrated, score=np.random.default_rng(0).random(20))
    np.testing.assert_array_equal(ladder_labels(case.table, knows)["test threshold"], calibrated)


def test_intervals_are_those_of_the_paired_bootstrap() -> None:
    case = random_case(1, images=12)
    labels, weights = ladder_labels(case.table, known(case)), resample_weights(12, 100, 3)
    drawn = {name: bootstrap_miou(image_counts(case.table, own), weights) for name, own in labels.items()}
    rungs = ladder(case.table, labels, weights)
    assert rungs[0].step_ci == rungs[0].miou_ci == interval(drawn["fixed"])
    assert rungs[3].miou_ci == interval(drawn["background known"])
    assert rungs[3].step_ci == interval(drawn["background known"] - drawn["test threshold"])
    assert rungs[-1].miou_ci == (1, 1)
    assert rungs[-1].step_ci == interval(constant(1.0, drawn["fixed"]) - drawn["best labelling"])


def test_the_present_class_is_in_the_image() -> None:
    case = random_case(2, images=6, classes=5, per_image=3, ignored=0.3)
    table, scores = case.table, cosine(case.table, case.vocabulary)
    candidate = scores.argmax(axis=1).astype(np.int32) + 1
    labels = present_class(table, scores, candidate)
    for row, image in enumerate(table.image):
        there = [label for label in range(1, 6) if np.any(case.truth[image] == label)]
        assert labels[row] == (max(there, key=lambda label: scores[row, label - 1]) if there else candidate[row])
    nothing = random_case(2, ignored=1).table
    np.testing.assert_array_equal(present_class(nothing, np.ones((20, 3)), np.full(20, 2)), np.full(20, 2))


def test_naive_labels_take_the_truth_at_its_word() -> None:
    case = random_case(3)
    table, knows = case.table, known(case)
    labels = naive_labels(table, knows)
    commonest = table.histogram.toarray().argmax(axis=1)
    np.testing.assert_array_equal(labels["background_known"], np.where(commonest == 0, 0, knows.candidate))
    np.testing.assert_array_equal(labels["presence_known"], np.where(knows.calibrated == 0, 0, knows.present))
    without = replace(table, with_background=False)
    np.testing.assert_array_equal(naive_labels(without, knows)["background_known"], knows.candidate)


def test_a_segment_without_pixels_has_a_class_where_there_is_no_background() -> None:
    case = random_case(4, ignored=0.97, background=False)
    knows = known(case)
    assert knows.oracle.min() == 0
    assert ladder_labels(case.table, knows)["best labelling"].min() > 0
