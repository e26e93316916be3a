"""Whether what is asked of a table fits into memory and onto the disk, found out before hours are spent on it."""

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import psutil

from groupseg.errors import UserError
from groupseg.segments.table_file import open_table

# Bytes that a process wants: for the program itself, for each segment besides its embedding, which stays in its file,
# and for each image and class. Estimated from seven rules on drawn tables of 200 and 800 images with 220 segments each,
# and 20 and 80 classes. Five of them want 52 to 61 MiB, 130 to 370 bytes and 27 to 103 bytes. `boosted` wants 670 a
# segment, but trains on no more than 250,000; `rankseg` starts at 210 MiB, since it sorts so many scores at a time.
PROGRAM, SEGMENT, IMAGE_CLASS = 400 * 2**20, 500, 100
# Bytes of temporary files that a process wants for each segment and class: `rankseg` keeps two numbers, others less.
TEMPORARY = 16
# Bytes of a labelling that is kept: an int32 for each segment, and two int64 for each image and class.
LABEL, COUNTS = 4, 16

# Where Linux says how much memory a container may have.
_LIMIT = Path("/sys/fs/cgroup/memory.max")


def check_memory(path: Path, processes: int, labellings: int = 0) -> None:
    """Raises UserError if there is not as much memory as processes want that each work through a segment table.

    Args:
        path: The table; only its header is read. One that is missing or broken is left to whoever reads it.
        processes: How many.
        labellings: How many are kept, in all.
    """
    if (size := _size(path)) is None:
        return
    wanted = processes * (PROGRAM + SEGMENT * size.segments + IMAGE_CLASS * size.images * size.classes)
    wanted += labellings * (LABEL * size.segments + COUNTS * size.images * size.classes)
    if wanted > (free := free_memory()):
        raise UserError(
            f"{path}: {size} want {wanted} bytes of memory in "
            f"{processes} processes, but {free} are free. Lower GROUPSEG_WORKERS, the images of the data set or "
            "`clusters` of the model (of pixels: `steps`)."
        )


def check_space(path: Path, processes: int) -> None:
    """Raises UserError if there is no space for the temporary files of processes that fit strategies to a table.

    Args:
        path: The table, as in `check_memory`.
        processes: How many.
    """
    if (size := _size(path)) is None:
        return
    wanted, folder = processes * TEMPORARY * size.segments * size.classes, tempfile.gettempdir()
    if wanted > (free := free_space(folder)):
        raise UserError(
            f"{path}: {size} want {wanted} bytes of temporary files in {processes} processes, but {free} are free in "
            f"{folder}. Name a folder with more in TMPDIR, or lower GROUPSEG_WORKERS."
        )


class _Size(NamedTuple):
    segments: int
    images: int
    classes: int

    def __str__(self) -> str:
        return f"{self.segments} segments of {self.images} images and {self.classes} classes"


def _size(path: Path) -> _Size | None:
    """Reads how large a table is; None if it is missing or broken."""
    try:
        with open_table(path) as (file, rest):
            segments, images = (file.get_slice(name).get_shape()[0] for name in ("image", "image_embedding"))
            return _Size(segments, images, len(rest["classes"]))
    except UserError:
        return None


def free_space(folder: str) -> int:
    """Returns how many bytes a folder has room for."""
    return shutil.disk_usage(folder).free


def free_memory() -> int:
    """Returns how many bytes of memory can be had, at most what a container may have."""
    free = int(psutil.virtual_memory().available)
    limit = _LIMIT.read_text("ascii").strip() if _LIMIT.exists() else "max"
    return min(free, int(limit)) if limit.isdecimal() else free
