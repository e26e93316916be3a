"""Whether a path that somebody gave can be read: a pipe would be waited for, and a device may have no end."""

import stat
from pathlib import Path

from groupseg.errors import UserError, printable


def check_plain_file(path: str | Path, wanted: str) -> None:
    """Raises UserError unless a path leads to a plain file.

    Args:
        path: The path; links are followed.
        wanted: What the file should be, such as "a file of weights"; a fault ends with "Give ...".
    """
    if reason := not_plain(Path(path)):
        raise UserError(f"{printable(str(path))} {reason}. Give {wanted}.")


def not_plain(path: Path) -> str:
    """Says why a path leads to no plain file; empty if it does."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "is a link to nothing" if path.is_symlink() else "is missing"
    except (OSError, ValueError) as error:  # the second for a zero byte
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return "" if stat.S_ISREG(mode) else f"is {kinds.get(stat.S_IFMT(mode), 'a device')}, no file"
