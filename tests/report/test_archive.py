"""Files out of tars, against `tarfile` itself."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupseg.errors import UserError
from groupseg.report.archive import TarFiles


def write(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@given(files=st.dictionaries(st.text("abc.", min_size=1).map("x{}".format), st.binary(max_size=2000), max_size=6))
def test_every_file_is_read_as_it_was_written(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tars")
    names = sorted(files)
    parts = [{name: files[name] for name in some} for some in (names[::2], names[1::2])]
    archive = TarFiles(write(folder / f"{place}.tar", part) for place, part in enumerate(parts))
    assert {name: archive.read(name) for name in names} == files
    assert all(name in archive for name in names)
    assert "other" not in archive


def test_what_is_no_tar_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.tar").write_text("no tar", encoding="utf-8")
    for name in ("bad.tar", "missing.tar"):
        with pytest.raises(UserError, match=name):
            TarFiles([tmp_path / name])
