"""Reading and writing whole files: nothing half-written is ever left under its final name."""

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from groupseg.errors import UserError

# So much of a file tells what lies in its place.
_HEAD = 256


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path that takes the place of `path` when the block ends well, and goes when it does not.

    Raises:
        UserError: If the file cannot be written: no permission, no space left, a folder, a pipe or a device in the way.
    """
    path = Path(path)
    if path.exists() and not (path.is_file() or path.is_dir()):  # it would be replaced, /dev/null too
        raise UserError(f"Cannot write {path}: it is a pipe or a device. Name a file.")
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        # mkstemp makes private files; what the pipeline writes is to be read by whoever may read the folder.
        temporary.chmod(0o644)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"Cannot write {path}: {error.strerror or error}. Free the space or the permission and run again."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_json(path: str | Path, data: Any, decimals: int | None = None) -> None:
    """Writes equal data as equal bytes: sorted keys, NaN and infinity as null.

    Args:
        path: The file.
        data: What JSON holds, and numpy scalars and arrays.
        decimals: To which floats are rounded; None keeps them exactly.
    """
    text = json.dumps(_plain(data, decimals), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Reads JSON.

    Raises:
        UserError: If the file is missing or is no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no JSON file: {error}. Delete it and run `dvc repro` again.") from error


def stand_in(head: bytes) -> str | None:
    """Says what a file is that is not what its name says, and how to get that; None where nothing shows.

    Args:
        head: How the file begins; a few hundred bytes are enough.
    """
    # The first line of every pointer (docs/spec.md of git-lfs).
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        return "is a Git LFS pointer, not the file itself. Run `git lfs pull` in its repository"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:14].lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "is a web page, not the file itself. Open it in a browser to see why, and download the file again"
    return None


def refuse_stand_in(path: str | Path) -> None:
    """Raises UserError if a file is a pointer of Git LFS or a web page; one that cannot be read passes."""
    try:
        with open(path, "rb") as file:
            what = stand_in(file.read(_HEAD))
    except OSError:
        return
    if what:
        raise UserError(f"{path} {what}.")


def sha256(path: str | Path) -> str:
    """Returns the hexadecimal sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: Any, decimals: int | None) -> Any:
    """Turns numpy scalars and arrays, tuples and floats into what JSON holds."""
    if isinstance(value, dict):
        return {str(key): _plain(item, decimals) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist(), decimals)
    if isinstance(value, list | tuple):
        return [_plain(item, decimals) for item in value]
    if isinstance(value, float):
        value = value if decimals is None else round(value, decimals)
        return value if math.isfinite(value) else None
    return value
