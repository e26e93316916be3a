"""The ladder: steps that add up, and each rung against its definition."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.metrics.bootstrap import bootstrap_miou, constant, interval, resample_weights
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.ladder import (
    accept_or_drop,
    classes_present,
    ladder,
    ladder_labels,
    rung,
    true_background,
)
from groupseg.metrics.oracle import label_oracle
from groupseg.strategies.scores import cosine
from tests.tables import Case, miou, random_case

NAMES = ["fixed", "best calibrated", "true background", "classes present", "label oracle", "best labelling", "perfect"]


def candidates(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Scores [S, C], and the best class [S]."""
    scores = cosine(case.table, case.vocabulary)
    return scores, scores.argmax(axis=1).astype(np.int32) + 1


def rungs_of(case: Case, seed: int = 0) -> dict[str, np.ndarray]:
    """A threshold from nowhere, above a rule that calls nothing background."""
    scores, candidate = candidates(case)
    accepted = (scores.max(axis=1) >= np.random.default_rng(seed).uniform(0, 1)) | (not case.table.with_background)
    lower = {"fixed": candidate, "best calibrated": np.where(accepted, candidate, np.int32(0))}
    return ladder_labels(case.table, lower, candidate, lambda block: cosine(block, case.vocabulary))


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0, 0.9), st.booleans())
@settings(max_examples=30, deadline=None)
def test_steps_add_up_whatever_the_segments(seed: int, classes: int, ignored: float, background: bool) -> None:
    case = random_case(seed, classes=classes, ignored=ignored, background=background)
    if case.table.histogram.sum() == 0:
        return
    labels = rungs_of(case, seed)
    rungs = ladder(case.table, labels, resample_weights(4, 20, 0))
    assert [one.name for one in rungs] == NAMES
    assert sum(one.step for one in rungs) == pytest.approx(1)
    for one, own in zip(rungs, labels.values(), strict=False):
        assert own.dtype == np.int32
        assert one.miou == miou(case.table, own)
    by_name = {one.name: one for one in rungs}
    assert by_name["best labelling"].step >= -1e-12
    assert by_name["best labelling"].miou >= by_name["classes present"].miou - 1e-12
    if not background:
        assert all(own.min() > 0 for name, own in labels.items() if name != "label oracle")


@pytest.mark.parametrize("seed", range(5))
def test_the_true_background_is_where_most_pixels_are(seed: int) -> None:
    case = random_case(seed, images=6, ignored=0.3)
    _, candidate = candidates(case)
    labels = true_background(case.table, candidate)
    for row, (own, name) in enumerate(zip(labels, candidate, strict=True)):
        there = case.truth[case.segments == row]
        pixels = np.bincount(there[there != 255], minlength=4)
        assert own == (0 if pixels.any() and pixels.argmax() == 0 else name)
    without = replace(case.table, with_background=False)
    np.testing.assert_array_equal(true_background(without, candidate), candidate)


def test_what_nobody_has_labelled_keeps_its_name() -> None:
    case = random_case(2, ignored=1)
    scores, candidate = candidates(case)
    np.testing.assert_array_equal(true_background(case.table, candidate), candidate)
    np.testing.assert_array_equal(classes_present(case.table, candidate, scores), candidate)


@pytest.mark.parametrize("seed", range(5))
def test_only_names_of_absent_classes_change_and_only_to_the_best_one_there(seed: int) -> None:
    case = random_case(seed, images=6, classes=5, per_image=3, ignored=0.3)
    scores, candidate = candidates(case)
    given_labels = np.where(np.random.default_rng(seed).random(len(candidate)) < 0.3, np.int32(0), candidate)
    labels = classes_present(case.table, given_labels, scores)
    for row, image in enumerate(case.table.image):
        there = [label for label in range(1, 6) if np.any(case.truth[image] == label)]
        old = given_labels[row]
        kept = old == 0 or old in there or not there
        assert labels[row] == (old if kept else max(there, key=lambda label: scores[row, label - 1]))


def test_the_last_two_rungs_are_the_oracle_and_a_search_over_all_labels() -> None:
    case = random_case(3, images=2, per_image=3)
    labels = rungs_of(case)
    np.testing.assert_array_equal(labels["label oracle"], label_oracle(case.table))
    best = max(miou(case.table, np.array(given)) for given in product(range(4), repeat=6))
    assert miou(case.table, labels["best labelling"]) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_keeps_or_drops_candidates_does_better(seed: int) -> None:
    case = random_case(seed, images=2, per_image=3)
    _, candidate = candidates(case)
    labels = accept_or_drop(case.table, np.zeros_like(candidate), candidate)
    choices = product(*({0, name} for name in candidate))
    assert miou(case.table, labels) == pytest.approx(max(miou(case.table, np.array(given)) for given in choices))
    assert set(np.flatnonzero(labels != candidate)) <= set(np.flatnonzero(labels == 0))
    without = replace(case.table, with_background=False)
    np.testing.assert_array_equal(accept_or_drop(without, candidate, candidate), candidate)


def test_intervals_are_those_of_the_paired_bootstrap() -> None:
    case = random_case(1, images=12)
    labels, weights = rungs_of(case), resample_weights(12, 100, 3)
    drawn = {name: bootstrap_miou(image_counts(case.table, own), weights) for name, own in labels.items()}
    rungs = ladder(case.table, labels, weights)
    assert rungs[0].step_ci == rungs[0].miou_ci == interval(drawn["fixed"])
    assert rungs[2] == rung("true background", drawn["true background"], drawn["best calibrated"])
    assert rungs[2].step_ci == interval(drawn["true background"] - drawn["best calibrated"])
    assert rungs[-1].miou_ci == (1, 1)
    assert rungs[-1].step_ci == interval(constant(1.0, drawn["fixed"]) - drawn["best labelling"])


def test_a_segment_without_pixels_has_a_class_where_there_is_no_background() -> None:
    case = random_case(4, ignored=0.97, background=False)
    assert label_oracle(case.table).min() == 0
    assert rungs_of(case)["best labelling"].min() > 0
