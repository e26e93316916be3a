import json
import os
from pathlib import Path

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.io.files import atomic_path, read_json, sha256, write_json


def test_what_was_there_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("before")
    with (
        pytest.raises(UserError, match=r"^Cannot write .*kept\.txt: No space left on device\. Free the space"),
        atomic_path(path),
    ):
        # Every write to this device finds it full.
        Path("/dev/full").write_bytes(b"x")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file in the way")
    with pytest.raises(UserError, match=r"Cannot write .*results/metrics/a\.json: (File exists|Not a directory)"):
        write_json(tmp_path / "results" / "metrics" / "a.json", {})


def test_a_pipe_or_device_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(UserError, match=r"Cannot write .*pipe: it is a pipe or a device\. Name a file\."):
        write_json(path, {})
    assert path.is_fifo()


def test_folders_are_made_and_files_can_be_read_by_all(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    write_json(path, {})
    assert path.stat().st_mode & 0o777 == 0o644


def test_json_is_plain_and_sorted(tmp_path: Path) -> None:
    data = {"b": np.float64(0.123456789), "a": np.array([1, 2]), "c": (float("nan"), float("inf")), 3: "ü"}
    write_json(tmp_path / "a.json", data, decimals=6)
    assert (tmp_path / "a.json").read_text() == json.dumps(
        {"3": "ü", "a": [1, 2], "b": 0.123457, "c": [None, None]}, indent=1, ensure_ascii=False
    ) + "\n"  # fmt: skip


def test_floats_are_exact_unless_told(tmp_path: Path) -> None:
    value = float(np.nextafter(1.0, 0.0))
    write_json(tmp_path / "a.json", {"threshold": value})
    assert read_json(tmp_path / "a.json")["threshold"] == value


def test_missing_and_damaged_json(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.json is missing"):
        read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UserError, match=r"bad\.json is no JSON file"):
        read_json(tmp_path / "bad.json")


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
