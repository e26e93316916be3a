from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from groupseg.report.pairs import difference_matrix, pairs_figure, pairs_finding
from groupseg.report.results import TABLES, DatasetResults
from tests.results import STRATEGIES


def test_matrix_is_sorted_by_miou_and_antisymmetric(dataset: DatasetResults) -> None:
    difference, p = difference_matrix(dataset)
    miou = np.array([dataset.strategies[name]["miou"] for name in dataset.ranking])
    off = ~np.eye(len(miou), dtype=bool)
    np.testing.assert_allclose(difference[off], np.subtract.outer(miou, miou)[off], atol=2e-6)
    np.testing.assert_array_equal(p, p.T)
    assert np.isnan(np.diagonal(difference)).all()
    assert np.all(np.diff(miou) <= 0)


def test_figure_names_all_and_dots_what_is_more_than_chance(dataset: DatasetResults) -> None:
    pairs = dataset.tables["pairs"].assign(p=[0.01, *[0.5] * (len(dataset.tables["pairs"]) - 1)])
    matrix, _ = pairs_figure(replace(dataset, tables=dataset.tables | {"pairs": pairs})).axes
    assert [label.get_text() for label in matrix.texts] == dataset.ranking * 2
    place = {name: index for index, name in enumerate(dataset.ranking)}
    first, second = place[pairs["first"][0]], place[pairs["second"][0]]
    dots = [tuple(dot) for line in matrix.lines for dot in zip(*line.get_data(), strict=True)]
    assert sorted(dots) == sorted([(first, second), (second, first)])


@pytest.mark.parametrize("count", [1, 30])
def test_names_stay_within_the_figure(dataset: DatasetResults, count: int) -> None:
    names = ["fixed", *(f"a_rather_long_name_{index}" for index in range(count - 1))]
    figures = dict.fromkeys(names, dataset.strategies["fixed"])
    pairs = pd.DataFrame([(a, b, 0.1, 0, 0.2, 0.5) for a in names for b in names if a < b], columns=TABLES["pairs"])
    crowd = replace(
        dataset,
        metrics=dataset.metrics | {"strategies": figures},
        calibration={name: {} for name in names},
        tables=dataset.tables | {"pairs": pairs},
    )
    figure = pairs_figure(crowd)
    figure.canvas.draw()
    matrix, _ = figure.axes
    boxes = [label.get_window_extent() for label in matrix.texts]
    assert all(box.x0 >= 0 and box.y1 <= figure.bbox.height for box in boxes)


def test_finding_counts_pairs(dataset: DatasetResults) -> None:
    pairs = dataset.tables["pairs"]
    count = len(STRATEGIES) * (len(STRATEGIES) - 1) // 2
    assert len(pairs) == count
    some = pairs.assign(p=[0.6, *[0.01] * (count - 1)])
    text = pairs_finding(replace(dataset, tables=dataset.tables | {"pairs": some}))
    assert text.startswith(f"{count - 1} of {count} pairs differ by more than chance")
