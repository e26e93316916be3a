"""Tar archives, read in place: nothing is unpacked, so nothing can land outside a folder or fill the disk."""

import bz2
import gzip
import hashlib
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from groupseg.alone import alone
from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.sources import names as checks
from groupseg.sources.cache import make_folder

_SUFFIXES = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
# By the first bytes. Suffixes lie: SBD's benchmark.tgz has been seen packed and not packed.
_PACKINGS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_CHUNK = 2**20
_BLOCK = 512


class TarTree:
    """The regular files of an uncompressed tar.

    Safe to pickle and to use in many processes and threads at once: files are read at their offset.

    Args:
        path: The archive.
        label: What it is called in errors; by default its path.

    Raises:
        UserError: If it is damaged, or holds a link, device, sparse file, a name twice or one that leads out.
    """

    def __init__(self, path: Path, label: str | None = None) -> None:
        self.path = path
        self.label = label or str(path)
        self._file: int | None = None
        self._index = self._read_index()

    def names(self) -> tuple[str, ...]:
        """Returns the names of all files, sorted."""
        return tuple(self._index)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def where(self, name: str) -> str:
        """Says where a file lies, for errors."""
        return f"{self.label}/{name}"

    def read(self, name: str) -> bytes:
        """Returns the bytes of a file.

        Raises:
            UserError: If it is missing or the archive has become shorter since it was opened.
        """
        if name not in self._index:
            raise checks.missing(self.where(name))
        offset, size = self._index[name]
        if self._file is None:
            self._file = os.open(self.path, os.O_RDONLY)
        found = bytearray()
        while part := os.pread(self._file, min(size - len(found), 2**30), offset + len(found)):
            found += part
        if len(found) != size:
            raise self._damaged(f"it ends in {name}")
        return bytes(found)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            os.close(self._file)  # type: ignore[arg-type]

    def _read_index(self) -> dict[str, tuple[int, int]]:
        """Finds offset and size of each file, in bytes."""
        try:
            with tarfile.open(self.path, "r:", encoding="utf-8") as tar:
                members = tar.getmembers()
                end = tar.offset
        except FileNotFoundError as error:
            raise checks.missing(self.label) from error
        except (tarfile.TarError, ValueError, OverflowError) as error:  # the last two: headers of random bytes
            raise self._damaged(str(error)) from error
        length = self._check_end(end)
        entries = [(checks.safe_name(member.name, self.label), member) for member in members if not member.isdir()]
        for name, member in entries:
            self._check(name, member, length)
        checks.check_unique(self.label, (name for name, _ in entries))
        files = {name: (member.offset_data, member.size) for name, member in entries if not checks.is_clutter(name)}
        return dict(sorted(files.items()))

    def _check_end(self, end: int) -> int:
        """Returns the length of the archive in bytes."""
        # tarfile takes a damaged header, and a file that was cut between two members, for the end of the archive.
        with open(self.path, "rb") as file:
            file.seek(end)
            if file.read(_BLOCK) != bytes(_BLOCK):
                raise self._damaged(f"no entry and no end of the archive at byte {end:,}")
            return file.seek(0, os.SEEK_END)

    def _check(self, name: str, member: tarfile.TarInfo, length: int) -> None:
        if not member.isreg() or member.issparse():
            kinds = {tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "link", tarfile.FIFOTYPE: "pipe"}
            kind = "sparse file" if member.issparse() else kinds.get(member.type, "device")
            raise UserError(f"{self.label} holds {name!r}, a {kind}; only plain files are read. Repack it without.")
        if member.offset_data + member.size > length:
            raise self._damaged(f"it ends in {name}")
        checks.check_size(self.label, name, member.size)

    def _damaged(self, how: str) -> UserError:
        return UserError(f"{self.label} is no whole tar archive: {how}. Delete it and get it again.")


def is_tar(path: Path) -> bool:
    """Whether a file is a tar, by its name."""
    return path.name.lower().endswith(_SUFFIXES)


def plain_tar(path: Path, folder: Path) -> Path:
    """Decompresses a tar packed by gzip, bzip2 or xz, once: a file in it cannot be found without reading all before.

    Args:
        path: The archive.
        folder: Where the plain tar is kept. Its name is made of path, size and time of the archive.

    Returns:
        The plain tar: the archive itself where it is not packed.

    Raises:
        UserError: If the archive is damaged, unpacks to far more than honest data would, or cannot be written.
    """
    opener = _opener(path)
    if opener is None:
        return path
    about = path.stat()
    key = hashlib.sha256(f"{path.resolve()}\n{about.st_size}\n{about.st_mtime_ns}".encode()).hexdigest()[:16]
    plain = folder / f"{path.name.split('.')[0]}-{key}.tar"
    make_folder(folder)
    with alone(Path(f"{plain}.lock"), f"Another process unpacks {path.name}; waiting for it."):
        if not plain.exists():
            with atomic_path(plain) as temporary:
                _decompress(path, opener, temporary)
    return plain


def _opener(path: Path) -> Callable[[Path], IO[bytes]] | None:
    with open(path, "rb") as file:
        first = file.read(8)
    return next((opener for magic, opener in _PACKINGS.items() if first.startswith(magic)), None)


def _decompress(path: Path, opener: Callable[[Path], IO[bytes]], target: Path) -> None:
    packed, unpacked = path.stat().st_size, 0
    with open(target, "wb") as out, opener(path) as stream:
        while chunk := _read_chunk(stream, path):
            unpacked += len(chunk)
            checks.check_ratio(str(path), unpacked, packed)
            out.write(chunk)


def _read_chunk(stream: IO[bytes], path: Path) -> bytes:
    try:
        return stream.read(_CHUNK)
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:  # gzip.BadGzipFile is an OSError
        raise UserError(f"{path} is no whole archive: {error}. Delete it and get it again.") from error
