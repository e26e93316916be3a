"""The runner of every stage: arguments, errors, time and memory."""

import errno
import time
from pathlib import Path

import pytest

from groupseg.errors import UserError
from groupseg.files import read_json
from stages import stage


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
