"""A table that wants more memory than there is: said at once, with numbers."""

from pathlib import Path

import pytest

from groupseg.errors import UserError
from groupseg.segments import memory
from groupseg.segments.memory import check_memory, check_space, free_memory
from tests.tables import random_case


def test_what_fits_is_silent_and_what_does_not_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random_case(0).table.save(tmp_path / "table")
    check_memory(tmp_path / "table", 1)
    wanted = 2 * (memory.PROGRAM + 20 * memory.SEGMENT + 4 * 3 * memory.IMAGE_CLASS)
    wanted += 5 * (20 * memory.LABEL + 4 * 3 * memory.COUNTS)
    monkeypatch.setattr(memory, "free_memory", lambda: wanted)
    check_memory(tmp_path / "table", 2, labellings=5)
    monkeypatch.setattr(memory, "free_memory", lambda: wanted - 1)
    with pytest.raises(UserError, match=f"20 segments.* {wanted} bytes .*{wanted - 1} are free. Lower") as caught:
        check_memory(tmp_path / "table", 2, labellings=5)
    assert "\n" not in str(caught.value)


def test_temporary_files_that_do_not_fit_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random_case(0).table.save(tmp_path / "table")
    wanted = 2 * memory.TEMPORARY * 20 * 3
    monkeypatch.setattr(memory, "free_space", lambda folder: wanted)
    check_space(tmp_path / "table", 2)
    monkeypatch.setattr(memory, "free_space", lambda folder: wanted - 1)
    with pytest.raises(UserError, match=f"want {wanted} bytes of temporary files.*{wanted - 1} are free.*TMPDIR"):
        check_space(tmp_path / "table", 2)


def test_a_missing_or_broken_table_is_left_to_its_reader(tmp_path: Path) -> None:
    check_memory(tmp_path / "none", 1)
    (tmp_path / "broken").write_bytes(b"no table")
    check_memory(tmp_path / "broken", 1)
    check_space(tmp_path / "broken", 1)


def test_a_container_limits_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_LIMIT", tmp_path / "memory.max")
    whole = free_memory()
    assert whole > 2**20
    for content, expected in {"max\n": None, "1048576\n": 2**20}.items():
        (tmp_path / "memory.max").write_text(content)
        assert free_memory() == (expected or pytest.approx(whole, rel=0.5))
