from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from groupseg.report.losses import losses_figure, losses_finding
from groupseg.report.results import TABLES, DatasetResults


def test_bars_are_a_hundred_points_for_each_class_that_occurs(dataset: DatasetResults) -> None:
    (axes,) = losses_figure(dataset).axes
    table = dataset.tables["losses"].dropna(subset=["iou"])
    assert sorted(label.get_text() for label in axes.texts) == sorted(table["class"])
    widths = np.array([[line[1][0] - line[0][0] for line in part.get_segments()] for part in axes.collections])
    assert widths.shape == (4, len(table))
    np.testing.assert_allclose(widths.sum(axis=0), 100, atol=1e-3)
    assert np.all(np.diff(widths[0]) <= 0)


def test_finding_gives_the_means_and_the_costliest_confusion(dataset: DatasetResults) -> None:
    losses = pd.DataFrame([("cat", 0.5, 0.3, 0.1, 0.1), ("dog", 0.5, 0.1, 0.2, 0.2)], columns=TABLES["losses"])
    confusions = pd.DataFrame([("cat", "dog", 10, 0.25, 0.0123)], columns=TABLES["confusions"])
    crowd = replace(dataset, tables=dataset.tables | {"losses": losses, "confusions": confusions})
    text = losses_finding(crowd)
    assert "20.0 to the background decision, 15.0 to wrong classes and 15.0 to the masks" in text
    assert "25 % of the pixels of cat are called dog; if they were right, mIoU would be 1.23 points higher" in text


def test_no_confusion_is_none(dataset: DatasetResults) -> None:
    tables = dataset.tables | {"confusions": dataset.tables["confusions"][:0]}
    assert "confusion" not in losses_finding(replace(dataset, tables=tables))


@pytest.mark.parametrize("count", [1, 81])
def test_names_do_not_touch(dataset: DatasetResults, count: int) -> None:
    losses = pd.DataFrame([(f"class {row}", 0.4, 0.2, 0.2, 0.2) for row in range(count)], columns=TABLES["losses"])
    figure = losses_figure(replace(dataset, tables=dataset.tables | {"losses": losses}))
    figure.canvas.draw()
    boxes = sorted((label.get_window_extent() for label in figure.axes[0].texts), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes))
