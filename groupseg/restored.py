"""Files that come back damaged: DVC restores what was deleted from its cache, and does not look at its bytes."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What may be a path in a message.
_PATH = re.compile(r"[\w./-]*\w")


def damaged_copies(message: str) -> list[str]:
    """Names what must be deleted from DVC's cache, too, before a file in a message is made again.

    Args:
        message: Of an error; paths in it are relative to the current folder, that of the project.

    Returns:
        A line for each entry of the cache whose bytes are others than its name says.
    """
    if "dvc repro" not in message or not Path(".dvc").is_dir():
        return []
    named = [path for path in map(Path, dict.fromkeys(_PATH.findall(message))) if path.parent.name and path.is_file()]
    return [
        f"DVC's cache holds {path} damaged as well, and would restore it. Delete {entry} too."
        for path, entry in (_entries(named) if named else ())
        if entry.is_file() and _md5(entry) != entry.parent.name + entry.name
    ]


def _entries(named: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Yields each path that is an output of DVC, or lies in one, with its place in the cache."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    try:
        with Repo() as repo:
            for path in named:
                if digest := _digest(repo, path):
                    yield path, Path(repo.cache.local.oid_to_path(digest))
    except (DvcException, SCMError):  # no pipeline that can be read: the error stands as it is
        return


def _digest(repo: Any, path: Path) -> str | None:
    try:
        about = repo.dvcfs.info(f"/{path.as_posix()}")["dvc_info"]
    except (FileNotFoundError, KeyError):
        return None
    return str(about["md5"]) if about and about.get("md5") else None


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
