from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from groupseg.report.reliability import calibration_error, reliability_figure, reliability_finding
from groupseg.report.results import TABLES, DatasetResults

ROWS = [
    ("fixed", 0.0, 0.5, 3, 30, 0.4, 0.5),
    ("fixed", 0.5, 1.0, 1, 10, 0.9, 0.5),
    ("softmax", 0.0, 0.5, 0, 0, np.nan, np.nan),
    ("softmax", 0.5, 1.0, 4, 40, 0.6, 0.7),
]
TABLE = pd.DataFrame(ROWS, columns=TABLES["reliability"])


def test_error_weighs_bins_by_pixels() -> None:
    off, bias = calibration_error(TABLE[TABLE["strategy"] == "fixed"])
    assert off == pytest.approx((30 * 0.1 + 10 * 0.4) / 40)
    assert bias == pytest.approx((-30 * 0.1 + 10 * 0.4) / 40)


def test_finding_tells_the_side(dataset: DatasetResults) -> None:
    text = reliability_finding(replace(dataset, tables=dataset.tables | {"reliability": TABLE}))
    assert "product score of GroupViT is off by 17.5 points on average and, all in all, too sure" in text
    assert "softmax score is off by 10.0 points on average and, all in all, not sure enough" in text


def test_dots_are_the_bins_with_pixels(dataset: DatasetResults) -> None:
    figure = reliability_figure(replace(dataset, tables=dataset.tables | {"reliability": TABLE}))
    product, softmax, *_ = figure.axes
    np.testing.assert_allclose(product.collections[-1].get_offsets(), [[0.4, 50], [0.9, 50]])
    np.testing.assert_allclose(softmax.collections[-1].get_offsets(), [[0.6, 70]])
