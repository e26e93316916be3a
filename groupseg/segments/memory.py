"""Whether what is asked of a table fits into memory, found out before hours are spent on it."""

from pathlib import Path

import psutil

from groupseg.errors import UserError
from groupseg.segments.table_file import open_table

# Bytes that a process wants: for the program itself, for each segment besides its embedding, which stays in its file,
# and for each image and class. Estimated from seven rules on drawn tables of 200 and 800 images with 220 segments each,
# and 20 and 80 classes. Five of them want 52 to 61 MiB, 130 to 370 bytes and 27 to 103 bytes. `boosted` wants 670 a
# segment, but trains on no more than 250,000; `rankseg` starts at 210 MiB, since it sorts so many scores at a time.
PROGRAM, SEGMENT, IMAGE_CLASS = 400 * 2**20, 500, 100
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
    try:
        with open_table(path) as (file, rest):
            segments, images = (file.get_slice(name).get_shape()[0] for name in ("image", "image_embedding"))
            classes = len(rest["classes"])
    except UserError:
        return
    wanted = processes * (PROGRAM + SEGMENT * segments + IMAGE_CLASS * images * classes)
    wanted += labellings * (LABEL * segments + COUNTS * images * classes)
    if wanted > (free := free_memory()):
        raise UserError(
            f"{path}: {segments} segments of {images} images and {classes} classes want {wanted} bytes of memory in "
            f"{processes} processes, but {free} are free. Lower GROUPSEG_WORKERS, the images of the data set or "
            "`clusters` of the model (of pixels: `steps`)."
        )


def free_memory() -> int:
    """Returns how many bytes of memory can be had, at most what a container may have."""
    free = int(psutil.virtual_memory().available)
    limit = _LIMIT.read_text("ascii").strip() if _LIMIT.exists() else "max"
    return min(free, int(limit)) if limit.isdecimal() else free
