"""The mean of the class texts as background, against torch."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity

from groupseg.strategies.mean_foreground import MeanForeground
from groupseg.strategies.scores import best_class
from tests.tables import highest_miou, miou, random_case, unit

ALONE = "The class texts have no mean to tell them from: the score is the cosine alone."


@pytest.mark.parametrize("seed", range(10))
def test_score_by_hand_and_no_other_threshold_is_better(seed: int) -> None:
    case = random_case(seed, classes=2 + seed % 3)
    strategy = MeanForeground().fit(case.table, case.vocabulary)
    label, score = strategy.candidates(case.table, case.vocabulary)
    embedding, text = torch.from_numpy(case.table.embedding), torch.from_numpy(case.text)
    similarity = cosine_similarity(embedding[:, None], text[None], dim=2)
    mean = cosine_similarity(embedding, text.mean(dim=0, keepdim=True))
    np.testing.assert_array_equal(label, similarity.argmax(dim=1).numpy() + 1)
    np.testing.assert_allclose(score, (similarity.amax(dim=1) - mean).numpy(), atol=1e-6)
    assert strategy.miou == pytest.approx(highest_miou(case.table, label, score), abs=1e-12)
    assert strategy.miou == pytest.approx(miou(case.table, strategy.predict(case.table, case.vocabulary)), abs=1e-12)
    assert ALONE not in strategy.warnings


def test_without_a_mean_the_cosine_is_the_score() -> None:
    one, opposite = random_case(1, classes=1), random_case(2, classes=2)
    opposite.text[1] = -opposite.text[0]
    for case in (one, opposite):
        strategy = MeanForeground().fit(case.table, case.vocabulary)
        for found, expected in zip(
            strategy.candidates(case.table, case.vocabulary),
            best_class("cosine", case.table, case.vocabulary),
            strict=True,
        ):
            np.testing.assert_array_equal(found, expected)
        assert ALONE in strategy.warnings


def test_a_mean_that_nearly_vanishes_still_points_somewhere() -> None:
    case = random_case(3, classes=2)
    case.text[1] = unit(-case.text[0] + 1e-3 * case.text[1])
    strategy = MeanForeground().fit(case.table, case.vocabulary)
    assert ALONE not in strategy.warnings
    assert np.all(np.abs(strategy.candidates(case.table, case.vocabulary)[1]) <= 2)
