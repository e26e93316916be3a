from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from groupseg.alone import alone


def test_who_waits_is_told_and_who_does_not_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.lock"
    with alone(path, "Another works."):
        assert capsys.readouterr().err == ""
        with pytest.raises(Timeout), alone(path, "Another works.", 0.05):
            pass
        assert capsys.readouterr().err == "Another works.\n"
    with FileLock(path, timeout=0):
        pass


def test_a_failure_gives_the_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with pytest.raises(KeyError), alone(path, ""):
        raise KeyError
    with alone(path, "", 0):
        pass
