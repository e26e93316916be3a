"""Digests of large files, computed once for each state of a file."""

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from tqdm import tqdm

from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json

_CHUNK = 2**20


def file_digest(path: Path, algorithm: str, cache: Path) -> str:
    """Returns the digest of a file's bytes, remembered from the last time.

    It stands as long as size and time of the file do, which is what DVC and git go by too: the 19 GB of COCO would take
    a minute in each stage that reads them.

    Args:
        path: The file.
        algorithm: "sha256", "sha1" or "md5".
        cache: The folder of `cache_folder`.

    Returns:
        The algorithm, ":" and hexadecimal digits.
    """
    state = _state(path, algorithm)
    with contextlib.suppress(UserError):
        known = read_json(_memory(path, algorithm, cache))
        if isinstance(known, dict) and isinstance(digest := known.pop("digest", None), str) and known == state:
            return digest
    digest = hash_file(path, algorithm)
    remember(path, digest, cache)
    return digest


def remember(path: Path, digest: str, cache: Path) -> None:
    """Notes the digest of a file as it is now."""
    algorithm = digest.partition(":")[0]
    with contextlib.suppress(UserError):  # a cache that may only be read: hashed again next time
        write_json(_memory(path, algorithm, cache), {**_state(path, algorithm), "digest": digest})


def hash_file(path: Path, algorithm: str) -> str:
    """Computes the digest of a file's bytes, as `file_digest` returns it."""
    # None of the algorithms keeps a secret here: md5 and sha1 are what publishers give.
    hasher = hashlib.new(algorithm, usedforsecurity=False)
    bar = tqdm(
        desc=f"verify {path.name}", total=path.stat().st_size, unit="B", unit_scale=True, leave=False, disable=None
    )
    with open(path, "rb") as file, bar:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
            bar.update(len(chunk))
    return f"{algorithm}:{hasher.hexdigest()}"


def _state(path: Path, algorithm: str) -> dict[str, Any]:
    about = path.stat()
    return {"path": str(path.resolve()), "size": about.st_size, "mtime_ns": about.st_mtime_ns, "algorithm": algorithm}


def _memory(path: Path, algorithm: str, cache: Path) -> Path:
    key = hashlib.sha256(f"{path.resolve()}\n{algorithm}".encode()).hexdigest()[:32]
    return cache / "digests" / f"{key}.json"
