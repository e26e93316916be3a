"""What is said and drawn of ladders that were made up."""

import numpy as np
import pytest

from groupseg.report.ladder import ladder_figure, ladder_finding, rung_label
from groupseg.report.results import DatasetResults
from groupseg.report.style import WORSE
from groupseg.report.tables import MINUS
from tests.report.made import HEIGHTS, STRATEGIES, dataset, ladder


def drawn(**changes: float) -> DatasetResults:
    heights = HEIGHTS | {name.replace("_", " "): miou for name, miou in changes.items()}
    return dataset(ladder=ladder(heights, STRATEGIES))


def test_bars_lead_from_rung_to_rung_up_to_a_hundred() -> None:
    (axes,) = ladder_figure(drawn()).axes
    bars = [bar for container in axes.containers for bar in container]
    assert [label.get_text() for label in axes.texts] == [
        "fixed", "global", "best score (cosine)", "best calibrated (context)", *list(HEIGHTS)[4:],
    ]  # fmt: skip
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    np.testing.assert_allclose([bar.get_x() for bar in bars], [0, *ends[:-1]], atol=1e-3)
    assert ends[-1] == pytest.approx(100, abs=1e-3)


def test_the_finding_names_every_step_of_a_strategy_in_order() -> None:
    found = ladder_finding(drawn())
    steps = ["global +10.0", "best score (cosine) +15.0", "best calibrated (context) +5.0"]
    assert [found.index(step) for step in steps] == sorted(found.index(step) for step in steps)
    assert "background is worth +2.0 [+1.0, +3.0]" in found
    assert "the masks (39.0 points) and to classes that are not in the image (5.0)" in found
    assert "60.0 %, +10.0 [+9.0, +11.0] over context" in found
    assert "A step down" not in found


def test_a_step_down_is_seen_and_said() -> None:
    lower = drawn(true_background=0.49)
    (axes,) = ladder_figure(lower).axes
    colours = [bar.get_facecolor() for container in axes.containers for bar in container]
    down = tuple(int(WORSE[index : index + 2], 16) / 255 for index in (1, 3, 5))
    assert [tuple(colour[:3]) == pytest.approx(down) for colour in colours] == [
        name == "true background" for name in HEIGHTS
    ]
    assert f"A step down: true background ({MINUS}1.0)." in ladder_finding(lower)


def test_a_rung_is_called_after_the_strategy_on_it() -> None:
    assert [rung_label(drawn(), name) for name in ("global", "best score", "perfect")] == [
        "global", "best score (cosine)", "perfect",
    ]  # fmt: skip
