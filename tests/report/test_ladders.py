"""Ladders that were made up, side by side."""

from pathlib import Path

import pytest

from groupseg.report.ladders import ladders_figure
from groupseg.report.style import save_figure
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
