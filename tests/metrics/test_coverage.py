"""How often intervals hold the truth, on samples of a large table whose truth is known."""

import numpy as np

from groupseg.metrics.bootstrap import bootstrap_miou, interval, resample_weights
from groupseg.metrics.iou import mean_iou
from tests.metrics.samples import chosen, population

SAMPLES, IMAGES, CLASSES = 300, 400, 80


def test_intervals_hold_the_truth_as_often_as_they_promise() -> None:
    large = population(4000, CLASSES, seed=0)
    first, second = (float(mean_iou(counts.total())) for counts in large)
    truth = {"first": first, "second": second, "difference": first - second}
    held: dict[str, list[bool]] = {name: [] for name in (*truth, "percentile")}
    random = np.random.default_rng(1)
    for sample in range(SAMPLES):
        images, weights = random.integers(0, 4000, IMAGES), resample_weights(IMAGES, 200, sample)
        one, other = (bootstrap_miou(chosen(counts, images), weights) for counts in large)
        for name, figure in (("first", one), ("second", other), ("difference", one - other)):
            low, high = interval(figure)
            assert low < figure.value < high
            held[name].append(low <= truth[name] <= high)
        low, high = np.quantile(one.drawn, [0.025, 0.975])
        held["percentile"].append(low <= first <= high)
    covered = {name: np.mean(values) for name, values in held.items()}
    assert all(covered[name] >= 0.93 for name in truth), covered
    # The table is one where intervals can go wrong.
    assert covered["percentile"] < 0.9
