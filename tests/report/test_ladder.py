from dataclasses import replace

import numpy as np
import pytest

from groupseg.report.ladder import ladder_figure, ladder_finding
from groupseg.report.results import DatasetResults
from groupseg.report.style import WORSE
from groupseg.report.tables import MINUS


def rung(name: str, miou: float, below: float) -> dict[str, object]:
    step = miou - below
    return {"name": name, "miou": miou, "miou_ci": [miou, miou], "step": step, "step_ci": [step - 0.01, step + 0.01]}


def test_bars_lead_from_rung_to_rung_up_to_a_hundred(dataset: DatasetResults) -> None:
    (axes,) = ladder_figure(dataset).axes
    bars = [bar for container in axes.containers for bar in container]
    assert [label.get_text() for label in axes.texts] == [
        "fixed", f"calibrated ({dataset.best})", "test threshold", "background known", "presence known", "label oracle",
        "best labelling", "perfect",
    ]  # fmt: skip
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    np.testing.assert_allclose([bar.get_x() for bar in bars], [0, *ends[:-1]], atol=1e-3)
    assert ends[-1] == pytest.approx(100, abs=1e-3)


def test_a_step_down_is_seen_and_said(dataset: DatasetResults) -> None:
    heights = {"fixed": 0.3, "calibrated": 0.4, "presence known": 0.6, "label oracle": 0.55, "perfect": 1.0}
    rungs = [
        rung(name, miou, below) for (name, miou), below in zip(heights.items(), [0, *heights.values()], strict=False)
    ]
    other = replace(dataset, ladder=dataset.ladder | {"rungs": rungs})
    (axes,) = ladder_figure(other).axes
    colours = [bar.get_facecolor() for container in axes.containers for bar in container]
    down = tuple(int(WORSE[index : index + 2], 16) / 255 for index in (1, 3, 5))
    assert [tuple(colour[:3]) == pytest.approx(down) for colour in colours] == [False, False, False, True, False]
    text = ladder_finding(other)
    assert "misses 70.0 points" in text
    assert "+10.0 of them, 95 % interval +9.0 to +11.0" in text
    assert "most is lost to the masks (45.0 points) and to classes that are not in the image (20.0)" in text
    assert f"A step down: label oracle ({MINUS}5.0)." in text
