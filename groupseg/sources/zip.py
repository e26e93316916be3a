"""Zip archives, read in place: nothing is unpacked, so nothing can land outside a folder or fill the disk."""

import lzma
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

from groupseg.errors import UserError
from groupseg.sources import names as checks
from groupseg.sources.indexed import Indexed

_READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_ENCRYPTED, _UTF8 = 0x1, 0x800

# What the standard library raises on damaged archives, found by flipping bytes.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, struct.error,
    ValueError, OSError,
)  # fmt: skip


class ZipTree(Indexed):
    """The files of a zip.

    Safe to pickle and to use in many processes and threads at once: each process opens the archive itself.

    Args:
        path: The archive.
        label: What it is called in errors; by default its path.

    Raises:
        UserError: If it is damaged, encrypted or a bomb, or holds a link, device, a name twice or one that leads out.
    """

    def __init__(self, path: Path, label: str | None = None) -> None:
        self.path = path
        self.label = label or str(path)
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        self._index = self._read_index()

    def _content(self, name: str) -> bytes:
        # The checksum is compared, and no more is unpacked than the size says.
        try:
            return self._open().read(self._index[name])
        except _DAMAGE as error:
            raise self._damaged(f"{name} cannot be read ({error})") from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _open(self) -> zipfile.ZipFile:
        # A forked process shares the position in an open file with its parent; it must open the archive again.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), zipfile.ZipFile(self.path)
        return self._opened[1]

    def _read_index(self) -> dict[str, str]:
        """Finds the files: the names that they have here, and those that zipfile knows them by."""
        try:
            entries = self._open().infolist()
        except FileNotFoundError as error:
            raise checks.missing(self.label) from error
        except _DAMAGE as error:
            raise self._damaged(str(error)) from error
        files = [(checks.safe_name(_name(entry), self.label), entry) for entry in entries if not entry.is_dir()]
        for name, entry in files:
            self._check(name, entry)
        checks.check_unique(self.label, (name for name, _ in files))
        checks.check_ratio(self.label, sum(entry.file_size for _, entry in files), self.path.stat().st_size)
        return {name: entry.filename for name, entry in files if not checks.is_clutter(name)}

    def _check(self, name: str, entry: zipfile.ZipInfo) -> None:
        mode = entry.external_attr >> 16  # of Unix; 0 where another system has made the archive
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            kind = checks.file_kind(mode)
            raise UserError(f"{self.label} holds {name!r}, a {kind}; only plain files are read. Repack it without.")
        if entry.flag_bits & _ENCRYPTED:
            raise UserError(f"{self.label} is encrypted ({name!r}). Unpack it with its password, and repack without.")
        if entry.compress_type not in _READABLE:
            raise UserError(
                f"{self.label} holds {name!r} packed in a way that is not read (method {entry.compress_type})."
                " Repack it with `zip`."
            )
        checks.check_size(self.label, name, entry.file_size)

    def _damaged(self, how: str) -> UserError:
        return UserError(f"{self.label} is no whole zip archive: {how}. Delete it and get it again.")


def _name(entry: zipfile.ZipInfo) -> str:
    """Decodes a name as its maker meant it: many write UTF-8 without saying so, and zipfile then takes it for CP437."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename
