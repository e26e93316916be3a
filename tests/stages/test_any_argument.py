"""No stage shows a traceback for a name that means nothing, or where what it reads is not there."""

import importlib
import inspect
import os
import shutil
from pathlib import Path

import pytest

from groupseg.io.yaml_file import read_yaml
from stages import params, stage
from tests.stages.conftest import SHIPPED

STAGES = sorted(
    file.stem for file in Path(stage.__file__).parent.glob("*.py") if "\n    run(main" in file.read_text("utf-8")
)
NAMES = ("nope", "", "../nope", "no/pe", "no.pe", "no pe", os.fsdecode(b"caf\xe9"), "n" * 300)
CONTENT = read_yaml(SHIPPED)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(SHIPPED, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage, "ROOT", tmp_path)
    monkeypatch.setattr(params, "read_yaml", lambda path: CONTENT)
    return tmp_path


def check(name: str, arguments: list[str], patch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]) -> None:
    patch.setattr("sys.argv", [f"{name}.py", *arguments])
    with pytest.raises(SystemExit) as left:
        stage.run(importlib.import_module(f"stages.{name}").main)
    assert left.value.code == 1
    (line,) = output.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert len(line) < 2000


def arguments(name: str) -> list[str]:
    """The arguments of a stage: none, or the name of a data set, a corpus or a model."""
    return list(inspect.signature(importlib.import_module(f"stages.{name}").main).parameters)


@pytest.mark.parametrize("name", [name for name in STAGES if arguments(name)])
def test_an_unknown_name_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for given in NAMES:
        check(name, [given], monkeypatch, capsys)


# Those that need nothing of an earlier stage: they check params.yaml, note what there is, or draw.
FIRST = ("check_params", "sources", "captions", "prepare")


@pytest.mark.parametrize("name", [name for name in STAGES if name not in FIRST])
def test_what_an_earlier_stage_has_not_made_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {"dataset": "scenes20", "corpus": "scenes20", "name": "scenes_small", "training": "losses_0"}
    check(name, [known[argument] for argument in arguments(name)], monkeypatch, capsys)
