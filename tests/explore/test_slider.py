import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.explore import slider as sliders
from groupseg.explore.moving import cut_scores, is_movable, own_threshold
from groupseg.explore.slider import Slider, make_slider
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.iou import labelling_miou, mean_iou
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.fixed import Fixed
from groupseg.strategies.per_class import PerClass
from groupseg.strategies.threshold import Threshold
from tests.tables import random_case, sliding_case


def counts_at(slider: Slider, position: int, truth: np.ndarray) -> Counts:
    """What the script of the page counts at a position."""
    hits, predicted = np.zeros_like(truth), np.zeros_like(truth)
    hits[0], predicted[0] = truth[0], truth.sum()
    kept = slider.last >= position
    for label, right, pixels, lost in zip(
        slider.label[kept], slider.hits[kept], slider.pixels[kept], slider.lost[kept], strict=True
    ):
        hits[[label, 0]] += right, -lost
        predicted[[label, 0]] += pixels, -pixels
    return Counts(hits, predicted, truth)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), clamp=st.booleans(), coarse=st.booleans())
def test_counts_at_every_position_are_those_of_the_strategy(seed: int, clamp: bool, coarse: bool) -> None:
    case = random_case(seed, images=5, per_image=6)
    strategy = Fixed(threshold=0.5, clamp=clamp, score="softmax")
    label, score = strategy.candidates(case.table, case.vocabulary)
    if coarse:  # many equal scores
        score = score.round(1)
    cut = cut_scores(strategy, score, case.table)
    slider = make_slider(label, cut, case.table.histogram, {"own": 0.5})
    truth = case.table.histogram.sum(axis=0)
    mious = []
    for position, threshold in enumerate(slider.thresholds):
        labels = np.where(cut >= threshold, label, 0)
        np.testing.assert_array_equal(np.where(position <= slider.place(cut), label, 0), labels)
        expected, found = image_counts(case.table, labels).total(), counts_at(slider, position, truth)
        np.testing.assert_array_equal(found.tp, expected.tp)
        np.testing.assert_array_equal(found.predicted, expected.predicted)
        mious.append(float(mean_iou(expected)))
    assert mious[slider.marks["best"][0]] == pytest.approx(max(mious))
    np.testing.assert_array_equal(score >= 0.5, score >= slider.thresholds[slider.marks["own"][0]])


def test_of_many_scores_some_thresholds_are_kept_and_the_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sliders, "POSITIONS", 10)
    case = random_case(3, images=10, per_image=8)
    label, score = Threshold(score="softmax").candidates(case.table, case.vocabulary)
    slider = make_slider(label, score, case.table.histogram, {"own": 0.5})
    assert len(slider.thresholds) <= 12
    truth = case.table.histogram.sum(axis=0)
    for position in range(len(slider.thresholds)):
        labels = np.where(score >= slider.thresholds[position], label, 0)
        assert mean_iou(counts_at(slider, position, truth)) == labelling_miou(case.table, labels)
    best = max(labelling_miou(case.table, np.where(score >= cut, label, 0)) for cut in score)
    assert mean_iou(counts_at(slider, slider.marks["best"][0], truth)) == best
    own = np.where(score >= 0.5, label, 0)
    assert mean_iou(counts_at(slider, slider.marks["own"][0], truth)) == labelling_miou(case.table, own)


@pytest.mark.parametrize("threshold", [0.2, 0.6])
def test_a_clamped_constant_is_a_threshold_on_other_scores(threshold: float) -> None:
    case = random_case(1)
    strategy = Fixed(threshold=threshold, score="softmax")
    label, score = strategy.candidates(case.table, case.vocabulary)
    labels = np.where(cut_scores(strategy, score, case.table) >= threshold, label, 0)
    np.testing.assert_array_equal(labels, strategy.predict(case.table, case.vocabulary))


def test_what_no_single_threshold_decides_cannot_be_moved() -> None:
    case, windows = random_case(1), sliding_case(1)
    assert is_movable(Threshold(), case.table)
    assert not is_movable(PerClass(), case.table)
    assert not is_movable(Threshold(), random_case(1, background=False).table)
    assert is_movable(Fixed(threshold=0.5, per_window=True), case.table)
    assert not is_movable(Fixed(threshold=0.5, per_window=True), windows.table)
    assert is_movable(Fixed(threshold=0.5), windows.table)


def test_copies_with_several_thresholds_have_none_of_their_own() -> None:
    same = CrossFit(Fixed(threshold=0.5), 2)
    assert own_threshold(same) == 0.5
    copies = CrossFit(Threshold(), 2)
    copies.copies[0].threshold, copies.copies[1].threshold = 0.1, 0.2  # type: ignore[attr-defined]
    assert own_threshold(copies) is None
