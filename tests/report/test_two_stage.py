"""What is said of two stages without a part: recomputed, the other way round, and where nothing is known."""

from pathlib import Path

import pytest
from scipy import stats

from groupseg.errors import UserError
from groupseg.io.files import write_json
from groupseg.networks.scenes.ablation import ABLATIONS
from groupseg.report.numbers import MINUS
from groupseg.report.results import Results
from groupseg.report.roles import LABEL_ORACLE
from groupseg.report.two_stage import WITHOUT, two_stage_block
from tests.report.made import dataset, results

WHOLE, LESS = [0.50, 0.51, 0.49], [0.40, 0.42, 0.41]


def told(root: Path, figures: dict[str, list[float]], device: str = "cpu") -> Results:
    found = results(root, [dataset()])
    for part, values in figures.items():
        for seed, value in enumerate(values):
            record = {"without": part, "seed": seed, "device": device, "steps": 800, "key": "0"}
            reached = {"global": value, LABEL_ORACLE: value + 0.1}
            write_json(found.folder / f"two_stage/{part}_{seed}.json", {**record, "datasets": {"alpha": reached}})
    return found


def row(block: str, part: str, figure: str) -> list[str]:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
    return next(cells for cells in lines if cells[:2] == [part, figure])


def test_a_difference_is_that_of_the_means_with_the_interval_of_students_t(tmp_path: Path) -> None:
    block = two_stage_block(told(tmp_path, {"none": WHOLE, "losses": LESS}))
    assert row(block, "nothing", "`global`") == ["nothing", "`global`", "3", "50.0"]
    interval = stats.ttest_ind(LESS, WHOLE).confidence_interval()
    low, high = (f"{MINUS}{-100 * end:.1f}" for end in interval)
    cells = row(block, "the losses on the first stage", "`global`")
    assert cells == ["the losses on the first stage", "`global`", "3", f"41.0, **{MINUS}9.0 [{low}, {high}]**"]
    assert row(block, "the losses on the first stage", "label oracle")[3].startswith(f"51.0, **{MINUS}9.0 ")
    said = "`global` loses on alpha; the label oracle loses on alpha."
    assert f"- Without the losses on the first stage: {said}" in block


def test_it_reads_the_other_way_when_the_figures_do(tmp_path: Path) -> None:
    block = two_stage_block(told(tmp_path, {"none": LESS, "losses": WHOLE}))
    assert row(block, "the losses on the first stage", "`global`")[3].startswith("50.0, **+9.0 ")
    assert "Without the losses on the first stage: `global` gains on alpha" in block
    unsure = [0.70, 0.41, 0.49]
    block = two_stage_block(told(tmp_path / "other", {"none": WHOLE, "losses": unsure}))
    assert "**" not in row(block, "the losses on the first stage", "`global`")[3]
    assert "`global` shows nothing measurable on alpha" in block


def test_it_says_how_long_and_on_what_they_were_trained(tmp_path: Path) -> None:
    assert "Trainings of 800 steps, on cpu." in two_stage_block(told(tmp_path, {"none": WHOLE}))
    assert "Trainings of 800 steps, on a GPU." in two_stage_block(told(tmp_path / "gpu", {"none": WHOLE}, "cuda"))


def test_every_part_that_can_be_left_out_has_words() -> None:
    assert list(WITHOUT) == list(ABLATIONS)


def test_where_nothing_was_trained_it_says_how_to(tmp_path: Path) -> None:
    block = two_stage_block(told(tmp_path, {}))
    assert "`python -m stages.two_stage all`" in block


def test_without_the_whole_there_is_no_difference(tmp_path: Path) -> None:
    block = two_stage_block(told(tmp_path, {"losses": LESS}))
    assert row(block, "the losses on the first stage", "`global`")[3] == "41.0"


def test_a_record_that_was_changed_by_hand(tmp_path: Path) -> None:
    found = told(tmp_path, {"none": WHOLE})
    write_json(found.folder / "two_stage/none_1.json", {"without": "none"})
    with pytest.raises(UserError, match=r"none_1\.json.*python -m stages\.two_stage all"):
        two_stage_block(found)
