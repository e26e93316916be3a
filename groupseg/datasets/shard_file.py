"""One shard: a tar file in the layout of webdataset, and what is to be known of it once it lies there."""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.entry import Entry, Unusable
from groupseg.datasets.labelled import Remark


@dataclass(frozen=True)
class Mark:
    """What is compared between the images of a data set: see `Entry`; and whether any pixel of it is labelled."""

    key: str
    name: str
    picture: bytes
    labelled: bool


@dataclass(frozen=True, eq=False)
class Shard:
    """A shard that is written.

    Args:
        split: Of what it is a part.
        file: Its name.
        sha256: Of its bytes, hexadecimal.
        marks: Its images, in order.
        pixels: How many each label has in all of them, int64 [classes + 1].
        unusable: Why images were passed over.
        holding: How many images hold each label, and last how many hold unknown pixels, int64 [classes + 2].
        ignored: How many pixels are unknown.
        remarks: What their owner should know of them.
    """

    split: str
    file: str
    sha256: str
    marks: tuple[Mark, ...]
    pixels: NDArray[np.int64]
    unusable: tuple[str, ...]
    holding: NDArray[np.int64]
    ignored: int
    remarks: tuple[Remark, ...]


def write_shard(path: Path, split: str, entries: Iterable[Entry | Unusable]) -> Shard:
    """Writes images one after the other; none is held in memory.

    Raises:
        OSError: If the disk is full or may not be written.
    """
    digest = hashlib.sha256()
    marks, unusable, remarks, size = [], [], list[Remark](), 0
    pixels, holding, ignored = np.zeros(0, np.int64), np.zeros(0, np.int64), 0
    with open(path, "wb") as file:
        for entry in entries:
            if isinstance(entry, Unusable):
                unusable.append(entry.reason)
                continue
            for part in _members(entry.key, entry.files):
                file.write(part)
                digest.update(part)
                size += len(part)
            marks.append(Mark(entry.key, entry.name, entry.picture, bool(entry.pixels.any())))
            ignored += entry.ignored
            remarks += entry.remarks
            held = np.append(entry.pixels, entry.ignored) > 0
            pixels, holding = (entry.pixels + pixels, held + holding) if pixels.size else (entry.pixels, held + 0)
        # Two blocks of zeros end a tar, whose length is a whole number of records.
        end = bytes(2 * tarfile.BLOCKSIZE + -(size + 2 * tarfile.BLOCKSIZE) % tarfile.RECORDSIZE)
        file.write(end)
        digest.update(end)
    return Shard(
        split,
        path.name,
        digest.hexdigest(),
        tuple(marks),
        pixels,
        tuple(unusable),
        holding,
        ignored,
        tuple(remarks),
    )


def _members(key: str, files: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yields the files of an image as they stand in a tar, sorted, each in whole blocks."""
    for suffix, content in sorted(files.items()):
        yield from (tar_header(f"{key}.{suffix}", len(content)), content, bytes(-len(content) % tarfile.BLOCKSIZE))


def tar_header(name: str, size: int) -> bytes:
    """Returns what stands before a file in a tar: what `tarfile` writes, in a fifth of its time for a plain name.

    Three headers an image are felt beside decoding it. Fields are those of POSIX.1-1988 (ustar).

    Args:
        name: Of the file.
        size: In bytes.
    """
    if len(name) > tarfile.LENGTH_NAME or not name.isascii() or size >= 8**11:
        return _header(name, size)
    fields = bytearray(_BLANK)
    fields[: len(name)] = name.encode()
    fields[_SIZE] = b"%011o" % size
    # The checksum is the sum of all bytes, its own field taken for spaces.
    fields[_CHECKSUM] = b" " * 8
    fields[_CHECKSUM] = b"%06o\0 " % sum(fields)
    return bytes(fields)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o444
    info.uname = info.gname = "groupseg"
    return info.tobuf(tarfile.PAX_FORMAT)


_BLANK = _header("", 0)
_SIZE, _CHECKSUM = slice(124, 135), slice(148, 156)
