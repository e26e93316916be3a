"""The label oracle against the description in the paper, pixel by pixel."""

from dataclasses import replace

import numpy as np
import pytest

from groupseg.metrics.oracle import label_oracle
from tests.tables import IGNORE, random_case


@pytest.mark.parametrize("seed", range(20))
def test_oracle_is_the_label_of_highest_iou(seed: int) -> None:
    case = random_case(seed, images=3, classes=1 + seed % 5, ignored=0.2)
    labels = label_oracle(case.table)
    assert labels.dtype == np.int32
    for row, image in enumerate(case.table.image):
        labelled = case.truth[image] != IGNORE
        inside = (case.segments[image] == row) & labelled
        overlaps = []
        for label in range(len(case.table.classes) + 1):
            mask = case.truth[image] == label
            overlaps.append((inside & mask).sum() / max((inside | mask).sum(), 1))
        assert labels[row] == int(np.argmax(overlaps))


def test_segment_without_labelled_pixel_is_background() -> None:
    table = random_case(0, ignored=1).table
    assert np.all(label_oracle(table) == 0)
    assert label_oracle(table.subset([])).shape == (0,)


def test_zeros_stored_in_the_histogram_count_for_nothing() -> None:
    table = random_case(1).table
    stored = table.histogram.copy()
    stored.data[::2] = 0
    clean = stored.copy()
    clean.eliminate_zeros()
    np.testing.assert_array_equal(
        label_oracle(replace(table, histogram=stored)), label_oracle(replace(table, histogram=clean))
    )
