"""What is said and listed of ladders that were made up."""

import pytest

from groupseg.report.ladder import ladder_finding, ladder_table, rung_label
from groupseg.report.numbers import MINUS, NOTHING
from groupseg.report.results import DatasetResults
from tests.report.made import HEIGHTS, STRATEGIES, dataset, ladder


def drawn(**changes: float) -> DatasetResults:
    heights = HEIGHTS | {name.replace("_", " "): miou for name, miou in changes.items()}
    return dataset(ladder=ladder(heights, STRATEGIES))


def test_steps_lead_from_rung_to_rung_up_to_a_hundred() -> None:
    rows = ladder_table(drawn()).rows
    assert [row[0] for row in rows] == list(HEIGHTS)
    assert [row[1] for row in rows] == ["`fixed`", "`global`", "`cosine`", "`context`", *[""] * 5]
    assert rows[0][2:] == ["20.0", NOTHING]
    steps = [float(row[3].split()[0]) for row in rows[1:]]
    heights = [float(row[2]) for row in rows]
    assert [low + step for low, step in zip(heights, steps, strict=False)] == pytest.approx(heights[1:])
    assert heights[-1] == 100
    assert rows[1][3] == "+10.0 [+9.0, +11.0]"


def test_the_finding_names_every_step_of_a_strategy_in_order() -> None:
    found = ladder_finding(drawn())
    steps = ["global +10.0", "best score (cosine) +15.0", "best calibrated (context) +5.0"]
    assert [found.index(step) for step in steps] == sorted(found.index(step) for step in steps)
    assert "background is worth +2.0 [+1.0, +3.0]" in found
    assert "the masks (39.0 points) and to classes that are not in the image (5.0)" in found
    assert "60.0 %, +10.0 [+9.0, +11.0] over context" in found
    assert "A step down" not in found


def test_a_step_down_is_said() -> None:
    lower = drawn(true_background=0.49)
    assert ladder_table(lower).rows[4][3].startswith(f"{MINUS}1.0 ")
    assert f"A step down: true background ({MINUS}1.0)." in ladder_finding(lower)


def test_a_rung_is_called_after_the_strategy_on_it() -> None:
    assert [rung_label(drawn(), name) for name in ("global", "best score", "perfect")] == [
        "global", "best score (cosine)", "perfect",
    ]  # fmt: skip
