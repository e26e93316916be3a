"""groupseg data init, from the command line to what the pipeline reads."""

from pathlib import Path

import pytest

from groupseg.io.files import write_json
from stages.params import load_params
from tests.commands import call
from tests.onboard.conftest import Make, mask_of


def test_init_says_what_it_found_and_writes_the_section(
    project: Path, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make([mask_of(1)] * 3, ["background", "cat"], "My Cats")
    # Results of another run, which this one must leave alone.
    for name in load_params().run.datasets:
        write_json(project / f"results/scenes/metrics/{name}.json", {"protocol": {"model": "scenes_small"}})
    write_json(project / "results/scenes/summary.json", {})
    assert call("data", "init", str(folder)) == 0
    out = capsys.readouterr().out
    assert f"{folder}: images/, masks/, classes.txt\n- 3 images, 3 masks\n" in out
    assert "params.yaml: datasets.my_cats written. Next:\n  dvc exp run -S run.name=my_cats -S 'run.datasets=" in out
    params = load_params()
    assert params.datasets["my_cats"].source.crossfit == 4
    assert "my_cats" not in params.run.datasets
    assert call("data", "init", str(folder), "--run") == 0
    assert "  dvc exp run -S 'run.strategies=[fixed,global,per_class," in capsys.readouterr().out
    params = load_params()
    assert (params.run.name, params.run.datasets, Path(params.run.folder)) == ("my_cats", ["my_cats"], folder)


def test_init_writes_the_section_of_what_must_still_be_mended(
    project: Path, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("data", "init", str(make([mask_of(3)])), "--name", "mine") == 0
    out = capsys.readouterr().out
    assert "To mend before it can be prepared:\n- " in out
    assert "classes.txt is missing. The masks hold 0, 3" in out
    assert load_params().datasets["mine"].source.format == "folder"


def test_init_refuses_what_it_does_not_know(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("params.yaml").read_bytes()
    (tmp_path / "notes.txt").write_text("none")
    assert call("data", "init", str(tmp_path), "--name", "mine") == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path} holds ")
    assert Path("params.yaml").read_bytes() == before
