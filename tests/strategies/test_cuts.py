"""The search for thresholds per class against all combinations of thresholds."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.metrics.curve import class_steps, threshold_curve
from groupseg.strategies.cuts import all_cuts, ascend, search
from tests.tables import large_table, random_case

Candidates = tuple[NDArray[np.int64], NDArray[np.float64], csr_array]


def small_candidates(seed: int) -> Candidates:
    """Labels, scores and histograms of a few segments, of many kinds."""
    random = np.random.default_rng(seed)
    classes = int(random.integers(1, 5))
    case = random_case(
        seed,
        images=int(random.integers(1, 4)),
        classes=classes,
        per_image=int(random.integers(3, 6)),
        size=int(random.integers(3, 8)),
        ignored=float(random.uniform(0, 0.5)),
        background=seed % 5 > 0,
    )
    histogram = case.table.histogram.copy()
    if seed % 2:
        histogram.data[:] = random.integers(1, 60, histogram.nnz) * random.choice([0, 1, 1, 10], histogram.nnz)
    count = histogram.shape[0]
    score = random.integers(0, 6, count) / 6 if seed % 3 == 0 else random.random(count)
    return random.integers(1, classes + 1, count), score, histogram


def exhaustive(candidates: Candidates, single: float) -> float:
    """Highest mIoU of all combinations; classes without true pixels have the single threshold."""
    label, score, histogram = candidates
    pixels = histogram.toarray()
    truth = pixels.sum(axis=0)
    classes = range(1, len(truth))
    choices = ([2.0, *np.unique(score[label == name])] if truth[name] else [single] for name in classes)
    thresholds = np.array(list(product(*choices)))
    predicted = np.where(score >= thresholds[:, label - 1], label, 0)
    total, occurring = np.zeros(len(thresholds)), np.zeros(len(thresholds))
    for name in range(len(truth)):
        inside = predicted == name
        tp = inside @ pixels[:, name]
        union = truth[name] + inside @ pixels.sum(axis=1) - tp
        total += tp / np.maximum(union, 1)
        occurring += union > 0
    return float((total / occurring).max())


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_search_finds_the_best_of_all_combinations(start: int) -> None:
    for seed in range(start, start + 50):
        candidates = small_candidates(seed)
        if candidates[2].sum() == 0:
            continue
        single, single_miou = threshold_curve(*candidates).best()
        cuts = all_cuts(class_steps(*candidates), single)
        assert float(cuts.miou(cuts.single)) == pytest.approx(single_miou, abs=1e-12)
        choice, bound = search(cuts)
        best = exhaustive(candidates, single)
        assert float(cuts.miou(choice)) == pytest.approx(best, abs=1e-12), f"seed {seed}"
        assert bound >= best - 1e-12


def test_ascent_never_goes_down() -> None:
    random = np.random.default_rng(0)
    for seed in range(30):
        candidates = small_candidates(seed)
        cuts = all_cuts(class_steps(*candidates), threshold_curve(*candidates).best()[0])
        choice = random.integers(cuts.start[:-1], cuts.start[1:])
        assert cuts.miou(ascend(cuts, choice)) >= cuts.miou(choice)


def test_the_bound_is_close_on_tables_of_real_size() -> None:
    table, vocabulary = large_table(0, segments=4800, classes=80, images=400)
    cosine = table.embedding @ vocabulary.text.T
    candidates = cosine.argmax(axis=1) + 1, cosine.max(axis=1), table.histogram
    cuts = all_cuts(class_steps(*candidates), threshold_curve(*candidates).best()[0])
    choice, bound = search(cuts)
    assert cuts.miou(choice) <= bound < cuts.miou(choice) + 1e-4
