"""Ladders that were made up, side by side."""

from pathlib import Path

import numpy as np
import pytest

from groupseg.report.ladders import ladders_figure
from groupseg.report.style import WORSE, save_figure
from tests.report.made import HEIGHTS, STRATEGIES, dataset, ladder


@pytest.mark.parametrize("count", [1, 3])
def test_all_data_sets_stand_side_by_side(tmp_path: Path, count: int) -> None:
    datasets = [dataset(f"set{index}", ladder=ladder(HEIGHTS, STRATEGIES)) for index in range(count)]
    figure = ladders_figure(datasets)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"set{index}" for index in range(count)]
    assert [text.get_text() for text in figure.axes[0].texts][-len(HEIGHTS) :] == list(HEIGHTS)
    written = {text.get_text() for text in figure.axes[-1].texts}
    assert {"20.0", "+15.0", "+39.0"} <= written
    save_figure(figure, tmp_path / "ladders.svg")
    assert ">+39.0</text>" in (tmp_path / "ladders.svg").read_text("utf-8")


def test_bars_lead_from_rung_to_rung_and_a_step_down_is_seen() -> None:
    lower = HEIGHTS | {"true background": 0.49}
    (axes,) = ladders_figure([dataset(ladder=ladder(lower, STRATEGIES))]).axes
    bars = [bar for container in axes.containers for bar in container]
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    np.testing.assert_allclose([bar.get_x() for bar in bars], [0, *ends[:-1]], atol=1e-3)
    assert ends[-1] == pytest.approx(100, abs=1e-3)
    down = tuple(int(WORSE[index : index + 2], 16) / 255 for index in (1, 3, 5))
    colours = [tuple(bar.get_facecolor()[:3]) for bar in bars]
    assert [colour == pytest.approx(down) for colour in colours] == [name == "true background" for name in lower]
