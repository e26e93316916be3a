from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from groupseg.report.curves import curve_figure, curve_finding, threshold_of
from groupseg.report.results import DatasetResults
from tests.results import BEST


def test_each_score_has_its_own_panel_with_its_own_curve(dataset: DatasetResults) -> None:
    panels = curve_figure(dataset).axes
    assert [panel.get_title("left") for panel in panels] == [
        "product score of GroupViT",
        f"score of {BEST}",
        "cosine score",
    ]
    curves = dataset.tables["curves"]
    for panel, strategy in zip(panels, ("global", "relative", "cosine"), strict=True):
        curve = curves[curves["strategy"] == strategy]
        np.testing.assert_allclose(panel.lines[0].get_xdata(), curve["threshold"])
        np.testing.assert_allclose(panel.lines[0].get_ydata(), 100 * curve["miou"])


def test_strategies_are_marked_at_its_threshold_and_its_miou(dataset: DatasetResults) -> None:
    panels = curve_figure(dataset).axes
    marks = {tuple(line.get_xydata()[0]) for panel in panels for line in panel.lines if line.get_marker() != "None"}
    expected = {
        (threshold_of(dataset.calibration[name]), 100 * figures["miou"]) for name, figures in dataset.strategies.items()
    }
    assert marks == expected


def test_many_strategies_crowd_nothing(dataset: DatasetResults) -> None:
    many = dataset.calibration | {f"other{index}": dataset.calibration["global"] for index in range(30)}
    crowd = replace(dataset, calibration=many, metrics=_with_figures(dataset, many))
    assert len(curve_figure(crowd).axes) == 3


def test_finding_names_the_peak_of_each_curve(dataset: DatasetResults) -> None:
    curves = dataset.tables["curves"]
    for name in ("global", "cosine", BEST):
        peak = curves.loc[curves["strategy"] == name, "miou"].max()
        assert f"{100 * peak:.1f} %" in curve_finding(dataset)


def _with_figures(dataset: DatasetResults, names: Iterable[str]) -> dict[str, Any]:
    figures = dataset.metrics["strategies"]
    return dataset.metrics | {"strategies": {name: figures.get(name, figures["global"]) for name in names}}


@pytest.mark.parametrize(
    ("params", "fitted", "expected"),
    [
        ({"threshold": 0.9}, {}, 0.9),
        ({}, {"threshold": 0.1}, 0.1),
        ({}, {"thresholds": [1]}, None),
        ({}, {}, None),
    ],
)
def test_threshold_of_a_record(params: dict[str, float], fitted: dict[str, object], expected: float | None) -> None:
    assert threshold_of({"params": params, "fitted": fitted}) == expected
