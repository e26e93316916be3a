"""Sets of highest expected IoU against all subsets, probabilities against scikit-learn."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.isotonic import IsotonicRegression

from groupseg.segments import blocks
from groupseg.strategies import rankseg
from groupseg.strategies.rankseg import RankSeg, isotonic_points, smoothing
from groupseg.strategies.scores import SCORES, ScoreName, cosine
from tests.tables import highest_miou, large_table, miou, random_case

SHARES = [0.0, 0.01, 0.05, 0.2, 1.0, 5.0]


def best_sets(probability: np.ndarray, area: np.ndarray, truth: float, g: float) -> list[set[int]]:
    """All subsets of segments of highest expected IoU, by trying each."""
    rows = range(len(area))
    worth = {}
    for subset in (set(kept) for size in range(len(area) + 1) for kept in combinations(rows, size)):
        chosen = sorted(subset)
        hits, volume = (area * probability)[chosen].sum(), area[chosen].sum()
        worth[frozenset(subset)] = (hits + g) / (truth + volume - hits + g)
    highest = max(worth.values())
    return [set(subset) for subset, value in worth.items() if value >= highest - 1e-12]


@pytest.mark.parametrize("seed", range(8))
def test_the_best_of_all_subsets_of_each_image_and_class(seed: int) -> None:
    case = random_case(seed, images=5, classes=2 + seed % 2, per_image=7, noise=0.4 + 0.1 * seed)
    table = replace(case.table, area=case.table.area * np.random.default_rng(seed).integers(1, 9, 35))
    strategy = RankSeg(calibrated=False).fit(table, case.vocabulary)
    label, score = strategy.candidates(table, case.vocabulary)
    scores = cosine(table, case.vocabulary)
    probability = np.interp(scores, strategy.scores, strategy.probabilities)
    tried = 0
    for image in range(5):
        own = table.image == image
        for name in set(label[own].tolist()):
            rows = np.flatnonzero(own & (label == name))
            truth = float((table.area * probability[:, name - 1])[own].sum())
            for share in SHARES if truth > 0 else []:
                g = share * table.area[own].sum()
                accepted = set(np.flatnonzero(score[rows] >= share / (1 + share)).tolist())
                assert accepted in best_sets(probability[rows, name - 1], table.area[rows], truth, g)
                tried += 1
            if probability[rows, name - 1].max() > 0:
                assert np.any(strategy.predict(table, case.vocabulary)[rows])
    assert tried > 20


def test_the_set_shrinks_with_smoothing_and_keeps_what_is_more_probable_than_not() -> None:
    probability = np.array([0.9, 0.5, 0.4, 0.4, 0.1, 0.0])
    borne = smoothing(probability, np.array([3, 2, 5, 1, 4, 9]), np.zeros(6, dtype=np.int64), np.full(6, 12.0))
    assert np.all(np.isposinf(borne[:2]))
    assert np.isneginf(borne[5])
    assert borne[2] == pytest.approx(borne[3], abs=1e-12)
    assert np.all(np.diff(borne[3:]) < 0)


@pytest.mark.parametrize("pairs", [10, 10_000])
@pytest.mark.parametrize("score", SCORES)
def test_probabilities_are_those_of_scikit_learn(score: ScoreName, pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rankseg, "RANGE", pairs)
    monkeypatch.setattr(blocks, "SEGMENTS", 20)
    case = random_case(1, images=12)
    strategy = RankSeg(score=score).fit(case.table, case.vocabulary)
    scores = SCORES[score](case.table, case.vocabulary)
    pixels = case.table.histogram.toarray()
    weight = np.repeat(pixels.sum(axis=1), 3)
    share = np.divide(pixels[:, 1:].ravel(), weight, where=weight > 0, out=np.zeros(len(weight)))
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores.ravel(), share, sample_weight=weight)
    spread = np.linspace(scores.min() - 0.1, scores.max() + 0.1, 500)
    found = np.interp(spread, strategy.scores, strategy.probabilities)
    np.testing.assert_allclose(found, theirs.predict(spread), atol=1e-9)
    np.testing.assert_allclose(found[[0, -1]], theirs.predict(scores.ravel()[[scores.argmin(), scores.argmax()]]))


def test_probabilities_without_labelled_pixels() -> None:
    table = random_case(0, ignored=1).table
    points = isotonic_points(table, lambda block: np.ones((len(block.image), 3)))
    assert [values.tolist() for values in points] == [[0.0], [0.0]]


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("seed", range(5))
def test_no_other_smoothing_is_better(seed: int, score: ScoreName) -> None:
    case = random_case(seed, images=8)
    strategy = RankSeg(score=score).fit(case.table, case.vocabulary)
    label, borne = strategy.candidates(case.table, case.vocabulary)
    assert np.all(np.abs(borne) <= 1)
    assert strategy.miou == pytest.approx(highest_miou(case.table, label, borne), abs=1e-12)
    assert strategy.miou == pytest.approx(miou(case.table, strategy.predict(case.table, case.vocabulary)), abs=1e-12)
    assert RankSeg(score=score, calibrated=False).fit(case.table, case.vocabulary).miou <= strategy.miou + 1e-12


def test_an_image_of_twice_the_size_is_labelled_alike() -> None:
    case = random_case(2, images=6)
    twice = replace(case.table, area=4 * case.table.area, histogram=csr_array(4 * case.table.histogram))
    first, second = (RankSeg().fit(table, case.vocabulary) for table in (case.table, twice))
    assert first.threshold == pytest.approx(second.threshold, abs=1e-9)
    np.testing.assert_array_equal(first.predict(case.table, case.vocabulary), second.predict(twice, case.vocabulary))


def test_record_is_small() -> None:
    table, vocabulary = large_table(0, segments=4800, classes=80, images=400)
    assert len(json.dumps(RankSeg().fit(table, vocabulary).to_json())) < 50_000
