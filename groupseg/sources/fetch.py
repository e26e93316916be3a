"""Archives from the internet: fetched once for all checkouts of a machine, and never used unless they are whole.

A file has its final name in the cache only after its digest was compared; until then it is a `.part`, which is kept
when something breaks. Names hold the digest, so that another digest is another file.
"""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from requests import Session

from groupseg.alone import alone
from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json
from groupseg.sources.cache import cache_folder, make_folder
from groupseg.sources.digests import file_digest, hash_file, remember
from groupseg.sources.transfer import Failed, Part, Patience, open_session, transfer


@dataclass(frozen=True)
class Archive:
    """A file of somebody else's.

    Args:
        name: What it is called in params.yaml.
        file: Its file name; the suffix says what it is.
        urls: Where it lies, in the order in which they are tried.
        licence: Under which terms it is given, and where they stand; said before a download.
        digest: "sha256:", "sha1:" or "md5:" and the hexadecimal digits its publisher gives; None where he gives none.
        size: In bytes; None where it is not known.
        path: A file that is there already, taken instead of a download.
    """

    name: str
    file: str
    urls: tuple[str, ...]
    licence: str
    digest: str | None = None
    size: int | None = None
    path: Path | None = None


@dataclass(frozen=True)
class Fetched:
    """A whole file.

    Args:
        path: Where it lies.
        digest: That of the archive, or the sha256 found where it has none.
    """

    path: Path
    digest: str


def fetch(archive: Archive, cache: Path | None = None, patience: Patience | None = None) -> Fetched:
    """Returns a file that is whole: from the cache, else from the first server that gives it.

    Where no digest is known, the first download is trusted, with a warning; what it brought is noted, and any later one
    must be the same.

    Args:
        archive: What is to be had.
        cache: The folder that keeps it, by default `cache_folder`.
        patience: How long servers are waited for.

    Raises:
        UserError: If no server gives it, what they give is another file, or the disk is full.
    """
    cache = cache or cache_folder()
    if archive.path:
        return _own_file(archive, archive.path.expanduser(), cache)
    digest = archive.digest or _trusted(archive, cache)
    if digest and _is_whole(archive, digest, cache):
        return Fetched(_place(archive, digest, cache), digest)
    place = make_folder(cache / "parts" / _key(archive))
    with alone(place / f"{archive.file}.lock", f"Another process fetches {archive.file}; waiting for it."):
        # Another process may have fetched it in the meantime.
        digest = archive.digest or _trusted(archive, cache)
        if digest and _is_whole(archive, digest, cache):
            return Fetched(_place(archive, digest, cache), digest)
        return _download(archive, digest, Part(place / f"{archive.file}.part"), cache, patience or Patience())


def _own_file(archive: Archive, path: Path, cache: Path) -> Fetched:
    if not path.is_file():
        raise UserError(f"{path} is missing. Mend archives.{archive.name}.path in params.yaml, or take it out.")
    found = file_digest(path, _algorithm(archive.digest), cache)
    if archive.digest not in (None, found):
        raise UserError(
            f"{path} is another file than {archive.name}: expected {archive.digest}, found {found}. Mend"
            f" archives.{archive.name}.path in params.yaml, or take it out."
        )
    return Fetched(path, found)


def _is_whole(archive: Archive, digest: str, cache: Path) -> bool:
    """Whether the cache holds a file, as it was fetched."""
    path = _place(archive, digest, cache)
    return path.is_file() and file_digest(path, _algorithm(digest), cache) == digest


def _download(archive: Archive, digest: str | None, part: Part, cache: Path, patience: Patience) -> Fetched:
    size = f"{archive.size:,} bytes" if archive.size else "size unknown"
    print(f"Fetching {archive.file} ({size}) for {archive.name}. Terms: {archive.licence}", file=sys.stderr)
    problems = []
    with open_session(patience) as session:
        for url in archive.urls:
            try:
                found = _from_one(session, url, archive.size, digest, part, patience)
            except Failed as failure:
                problems.append(f"{url}: {failure}")
            else:
                return _install(archive, found, part, cache)
    raise UserError(
        f"{archive.file} could not be fetched for {archive.name}: {'; '.join(problems)}. Run again later, add a mirror"
        f" to archives.{archive.name}.urls in params.yaml, or name your own copy as archives.{archive.name}.path."
    )


def _from_one(session: Session, url: str, size: int | None, digest: str | None, part: Part, patience: Patience) -> str:
    """Downloads a file from one server and compares its digest, which is returned."""
    for _ in range(2):
        in_one_go = transfer(session, url, part, size, digest is not None, patience)
        found = hash_file(part.path, _algorithm(digest))
        if digest in (None, found):
            return found
        part.remove()
        # What was there before, or came in several goes, may have been of two files: once more, from the start.
        if in_one_go:
            break
    raise Failed(f"another file (expected {digest}, found {found})")


def _install(archive: Archive, digest: str, part: Part, cache: Path) -> Fetched:
    """Gives a whole file its final name."""
    path = _place(archive, digest, cache)
    make_folder(path.parent)
    with open(part.path, "rb") as file:
        os.fsync(file.fileno())
    part.path.replace(path)
    part.remove()
    remember(path, digest, cache)
    if not archive.digest:
        write_json(_note(archive, cache), {"urls": archive.urls, "digest": digest})
        print(
            f"warning: no digest is known of {archive.file}; what came is trusted. To hold others to it, add"
            f" `{digest.replace(':', ': ')}` to archives.{archive.name} in params.yaml.",
            file=sys.stderr,
        )
    return Fetched(path, digest)


def _trusted(archive: Archive, cache: Path) -> str | None:
    """Returns the digest of the first download of a file that none is known of; None before it."""
    note = _note(archive, cache)
    return str(read_json(note)["digest"]) if note.exists() else None


def _note(archive: Archive, cache: Path) -> Path:
    return cache / "trusted" / f"{_key(archive)}.json"


def _key(archive: Archive) -> str:
    """Names an archive in the cache: by its digest, else by where it comes from."""
    if archive.digest:
        return archive.digest.replace(":", "-")
    return hashlib.sha256("\n".join(sorted(archive.urls)).encode()).hexdigest()[:32]


def _place(archive: Archive, digest: str, cache: Path) -> Path:
    return cache / digest.replace(":", "-") / archive.file


def _algorithm(digest: str | None) -> str:
    """Names the algorithm of a digest; where none is known, the one to compute it by."""
    return digest.partition(":")[0] if digest else "sha256"
