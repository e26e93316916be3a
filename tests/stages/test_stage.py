"""The runner of every stage: arguments, errors, time and memory."""

import errno
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from groupseg.errors import NamedFault, UserError
from groupseg.io.files import read_json
from stages import stage
from stages.params import load_params
from tests.stages.conftest import SHIPPED


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stage, "ROOT", tmp_path)
    monkeypatch.setattr(stage, "STARTED", time.monotonic())
    monkeypatch.setattr("sys.argv", ["/somewhere/stages/segment.py", "scenes20", "calib"])
    return tmp_path


def test_arguments_come_from_the_command_line_and_time_and_memory_are_kept(project: Path) -> None:
    seen = []

    def main(dataset: str, split: str) -> None:
        seen.append((dataset, split))

    stage.run(main)
    assert seen == [("scenes20", "calib")]
    record = read_json(project / ".work/timings/segment@scenes20-calib.json")
    assert 0 <= record["seconds"] < 5
    assert 5 < record["peak_mib"] < 100_000
    assert record["finished"].endswith("+00:00")


def test_a_stage_without_arguments_is_recorded_under_its_own_name(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    stage.run(lambda: None)
    assert (project / ".work/timings/train.json").is_file()


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (UserError("a.png is truncated."), "error: a.png is truncated.\n"),
        (UserError("first\nsecond"), "error: first\nerror: second\n"),
        (MemoryError(), "error: stage segment ran out of memory. Close other programs"),
        (OSError(errno.ENOSPC, "No space left on device", "x.tar"),
         "error: x.tar: No space left on device. Free the space"),
        (PermissionError(errno.EACCES, "Permission denied", "results"), "error: results: Permission denied. Free"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "xx"), "error: xx: File name too long. Free the space"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "a/b"), "error: a/b: Not a directory. Free the space"),
    ],
)  # fmt: skip
def test_what_a_user_can_mend_is_one_line_and_status_1(
    project: Path, capsys: pytest.CaptureFixture[str], raised: Exception, said: str
) -> None:
    def main(dataset: str, split: str) -> None:
        raise raised

    with pytest.raises(SystemExit) as error:
        stage.run(main)
    assert error.value.code == 1
    assert capsys.readouterr().err.startswith(said)
    assert not (project / ".work").exists()


def test_all_files_of_a_fault_are_written_down(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tuple(f"images/caf\udce9 {index}.jpg" for index in range(1000))

    def main(dataset: str, split: str) -> None:
        raise NamedFault("1,000 files are bad, such as images/0.jpg.", names)

    with pytest.raises(SystemExit):
        stage.run(main)
    path = project / ".work/faults/segment@scenes20-calib.txt"
    assert capsys.readouterr().err.splitlines() == [
        "error: 1,000 files are bad, such as images/0.jpg.", f"error: All 1,000 by name: {path}",
    ]  # fmt: skip
    assert path.read_text("utf-8").splitlines() == [f"images/caf\\xe9 {index}.jpg" for index in range(1000)]


@pytest.mark.parametrize(("argument", "section"), [("dataset", "datasets"), ("corpus", "corpora"), ("name", "models")])
def test_a_name_that_params_yaml_does_not_define_is_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argument: str, section: str
) -> None:
    shutil.copy(SHIPPED, project)
    monkeypatch.chdir(project)
    monkeypatch.setattr("sys.argv", ["segment.py", "nope"])
    main: Callable[..., None] = {
        "dataset": lambda dataset: getattr(load_params(), section)[dataset],
        "corpus": lambda corpus: getattr(load_params(), section)[corpus],
        "name": lambda name: getattr(load_params(), section)[name],
    }[argument]
    with pytest.raises(SystemExit):
        stage.run(main)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: params.yaml defines no 'nope' under `{section}`. There are ")


@pytest.mark.parametrize("name", ["all", "scenes_big"])
def test_a_key_that_is_no_argument_is_not_blamed_on_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shutil.copy(SHIPPED, project)
    monkeypatch.chdir(project)
    monkeypatch.setattr("sys.argv", ["variant.py", name])

    def main(name: str) -> None:
        raise KeyError("segments")

    with pytest.raises(KeyError):
        stage.run(main)


def test_another_key_that_is_missing_keeps_its_traceback(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(SHIPPED, project)
    monkeypatch.chdir(project)

    def main(dataset: str, split: str) -> None:
        raise KeyError("nope")

    with pytest.raises(KeyError):
        stage.run(main)


def test_what_the_terminal_cannot_show_is_written_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))

    def main(dataset: str, split: str) -> None:
        print("caf\xe9 \u2588 \udce9", flush=True)

    stage.run(main)
    assert written.getvalue() == rb"caf\xe9 \u2588 \udce9" + b"\n"


def test_our_own_faults_keep_their_traceback() -> None:
    def main(dataset: str, split: str) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    with pytest.raises(OSError, match="Bad file descriptor"):
        stage.run(main)


def test_wrong_arguments_show_the_usage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["segment.py", "scenes20"])
    with pytest.raises(SystemExit):
        stage.run(lambda dataset, split: None)
    assert "usage: python -m stages.segment" in capsys.readouterr().err
