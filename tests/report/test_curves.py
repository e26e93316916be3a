import numpy as np
import pytest

from groupseg.report.curves import curve_figure, threshold_of
from groupseg.report.results import DatasetResults, read_results
from tests.results import STRATEGIES, build


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetResults:
    return read_results(build(tmp_path_factory.mktemp("project"))).datasets[0]


def test_each_score_has_its_own_panel_with_its_own_curve(dataset: DatasetResults) -> None:
    *panels, _ = curve_figure(dataset).axes
    assert [panel.get_title("left").replace("\n", " ") for panel in panels] == [
        "GroupViT's product score",
        "share of the image's best GroupViT's product score",
        "cosine score",
    ]
    for panel, strategy in zip(panels, ("global", "relative", "cosine"), strict=True):
        curve = dataset.curves[dataset.curves["strategy"] == strategy]
        np.testing.assert_allclose(panel.lines[0].get_xdata(), curve["threshold"])
        np.testing.assert_allclose(panel.lines[0].get_ydata(), 100 * curve["miou"])


def test_every_strategy_is_marked_at_its_threshold_and_its_miou(dataset: DatasetResults) -> None:
    *panels, strip = curve_figure(dataset).axes
    marks = {tuple(line.get_xydata()[0]) for panel in panels for line in panel.lines if line.get_marker() != "None"}
    expected = {
        (threshold_of(dataset.calibration[name]), 100 * figures["miou"]) for name, figures in dataset.strategies.items()
    }
    assert marks == expected
    assert [label.get_text() for label in strip.get_xticklabels()] == [*STRATEGIES, "label oracle"]


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
