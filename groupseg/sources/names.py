"""Names of files in folders and archives: which are refused, and which are passed over."""

import stat
from collections.abc import Iterable
from pathlib import PurePosixPath

from groupseg.errors import UserError

# What an archive may unpack to: anything up to this many bytes, and beyond it so many times the bytes of its file. JSON
# packs 10 to 20 times, images hardly at all; deflate can reach 1032 times, and only bombs come near.
FREE_BYTES = 2**30
RATIO = 100

# The largest single file, in bytes, which is read into memory whole. COCO's instances_train2017.json is 0.5 GiB.
LARGEST = 4 * 2**30


def safe_name(name: str, label: str) -> str:
    """Brings the name of an entry into one form: POSIX, relative, without "." in it.

    Args:
        name: As it stands in the archive or was asked for.
        label: The archive or folder, for the error.

    Raises:
        UserError: If it leads out of its folder, or is no text that can be printed.
    """
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":"):
        raise UserError(
            f"{label} holds {name!r}, which leads out of its folder. Take the archive from its publisher, or repack it."
        )
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{label} holds a name that is not UTF-8: {name!r}. Rename it and repack.") from error
    return str(PurePosixPath(name)) if "" in parts or "." in parts else name


def posix_name(name: str) -> str:
    """Returns the name of a file with slashes for the backslashes of Windows; as it is where it would lead out."""
    plain = name.replace("\\", "/").lstrip("/")
    return name if ".." in plain.split("/") else plain


def is_clutter(name: str) -> bool:
    """Whether a file is one that the system of its owner has left: hidden, or in macOS's `__MACOSX`."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def file_kind(mode: int) -> str:
    """Names the kind of a file that is not regular by its Unix mode, for an error."""
    kinds = {stat.S_IFLNK: "link", stat.S_IFCHR: "device", stat.S_IFBLK: "device", stat.S_IFIFO: "pipe"}
    return kinds.get(stat.S_IFMT(mode), "special file")


def check_size(label: str, name: str, size: int) -> None:
    """Raises UserError if a file is too large to be read whole."""
    if size > LARGEST:
        raise UserError(
            f"{label}/{name} is {size:,} bytes, more than the {LARGEST:,} that are read from a file. Is it the right"
            " archive?"
        )


def check_ratio(label: str, unpacked: int, packed: int) -> None:
    """Raises UserError if an archive of `packed` bytes unpacks to far more than honest data would."""
    if unpacked > max(FREE_BYTES, RATIO * packed):
        raise UserError(
            f"{label} unpacks from {packed:,} to {unpacked:,} bytes or more, as only a zip bomb does. Take it from its"
            " publisher."
        )


def check_unique(label: str, names: Iterable[str]) -> None:
    """Raises UserError if a name is there twice: which of its files is meant cannot be known."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UserError(f"{label} holds {name!r} twice. Take the archive from its publisher, or repack it.")
        seen.add(name)


def missing(place: str) -> UserError:
    """The error for a file that is not there."""
    return UserError(f"{place} is missing. Add it, or take its name out of the list that asks for it.")
