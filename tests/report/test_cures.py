"""The gains of all strategies, drawn from results that were made up."""

from pathlib import Path

import numpy as np
import pytest

from groupseg.report.cures import cures_figure
from groupseg.report.kinds import by_kind, same_score
from groupseg.report.style import BEST, WORSE
from tests.report.made import MIOU, dataset, results


def test_every_strategy_has_a_row_below_its_kind(tmp_path: Path) -> None:
    figure = cures_figure(results(tmp_path, [dataset("a"), dataset("b")], seeds=(0.01,)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b"]
    written = [text for text in figure.axes[0].texts if text.get_text()]
    assert [text.get_text() for text in sorted(written, key=lambda text: text.get_position()[1])] == [
        "a constant", "fixed", "one threshold on another score", "cosine", "a threshold for each class", "per_class",
        "the image as context", "context",
    ]  # fmt: skip


def test_gains_stand_at_their_values_in_the_colour_of_their_sign(tmp_path: Path) -> None:
    (axes,) = cures_figure(results(tmp_path, [dataset()], seeds=(0.01, 0.02))).axes
    points = {
        (round(float(x), 6), int(y)): line.get_color()
        for line in axes.lines
        if line.get_marker() == "o"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }
    assert points.keys() == {(-9, 1), (16, 3), (1, 5), (21, 7)}
    assert points[-9, 1] == WORSE
    assert points[16, 3] == points[21, 7] == BEST
    (ticks,) = (line for line in axes.lines if line.get_marker() == "|")
    assert np.round(ticks.get_xdata(), 6).tolist() == [-10, -9, -8, 15, 16, 17, 0, 1, 2, 20, 21, 22]


@pytest.mark.parametrize(("name", "score"), [("per_class", "global"), ("context", "cosine"), ("fixed", "global")])
def test_each_is_held_against_one_threshold_on_its_score(tmp_path: Path, name: str, score: str) -> None:
    assert same_score(results(tmp_path, [dataset()]), name) == score


def test_what_does_not_run_is_no_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: MIOU[name] for name in ("fixed", "context")}
    run = results(tmp_path, [dataset(miou=few)])
    assert by_kind(run) == {"a constant": ["fixed"], "the image as context": ["context"]}
    assert same_score(run, "context") == ""
    assert not any(line.get_marker() == "o" for line in cures_figure(run).axes[0].lines)
    monkeypatch.setitem(run.params["strategies"]["context"], "rule", "somebody's")
    assert by_kind(run) == {"a constant": ["fixed"], "another rule": ["context"]}
