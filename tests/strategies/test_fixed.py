"""The fixed rule against the rule of the release, image by image."""

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.strategies.fixed import Fixed
from groupseg.strategies.scores import SCORES, ScoreName
from tests.tables import random_case, sliding_case


@pytest.mark.parametrize("clamp", [True, False])
@pytest.mark.parametrize("per_window", [True, False])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 0.95, 2.0])
def test_prediction_is_that_of_the_release(threshold: float, per_window: bool, clamp: bool) -> None:
    case = random_case(1, images=6)
    strategy = Fixed(threshold=threshold, clamp=clamp, per_window=per_window)
    label, score = strategy.candidates(case.table, case.vocabulary)
    found = strategy.fit(case.table, case.vocabulary).predict(case.table, case.vocabulary)
    assert found.dtype == np.int32
    for image in range(6):
        own = case.table.image == image
        limit = min(threshold, score[own].max()) if clamp else threshold
        expected = [0 if value < limit else name for name, value in zip(label[own], score[own], strict=True)]
        np.testing.assert_array_equal(found[own], expected)
        assert not clamp or np.any(found[own] > 0)


def test_images_without_segments_are_no_trouble() -> None:
    case = random_case(2)
    assert Fixed(threshold=0.5).predict(case.table.subset([]), case.vocabulary).shape == (0,)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), "0.5", None, True])
def test_a_threshold_is_a_finite_number(threshold: object) -> None:
    with pytest.raises(UserError, match="`threshold` to be a finite number"):
        Fixed(threshold=threshold)  # type: ignore[arg-type]


@pytest.mark.parametrize("score", ["cosine", "normalised"])
def test_windows_vote_only_next_to_shares(score: ScoreName) -> None:
    Fixed(threshold=0.5, score=score)
    with pytest.raises(UserError, match="`per_window` to be false unless score is product or softmax, but got True"):
        Fixed(threshold=0.5, score=score, per_window=True)


@pytest.mark.parametrize("score", ["product", "softmax"])
@pytest.mark.parametrize("clamp", [True, False])
@pytest.mark.parametrize("threshold", [0.0, 0.4, 0.7, 1.0])
def test_windows_vote_by_hand(score: ScoreName, clamp: bool, threshold: float) -> None:
    # The whole rule, from pixels on, is in test_official_rule.py.
    case = sliding_case(1)
    table, parts = case.table, case.table.parts
    assert parts is not None
    groups = SCORES[score](table.windows(), case.vocabulary)
    found = Fixed(threshold=threshold, clamp=clamp, score=score, per_window=True).predict(table, case.vocabulary)
    for segment in range(len(table.image)):
        logits = []
        for group in parts.members[[segment]].indices:
            highest = groups[parts.window == parts.window[group]].max()
            limit = min(threshold, highest) if clamp else threshold
            logits.append([groups[group].max() < limit, *groups[group]])
        assert found[segment] == np.mean(logits, axis=0).argmax()
