"""What lies in the place of a file that was never fetched: a pointer of Git LFS, or a web page."""

from pathlib import Path

from groupseg.errors import UserError

# So much of a file tells.
HEAD = 256


def stand_in(head: bytes) -> str | None:
    """Says what a file is that is not what its name says, and how to get that; None where nothing shows.

    Args:
        head: How the file begins; `HEAD` bytes are enough.
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
            what = stand_in(file.read(HEAD))
    except OSError:
        return
    if what:
        raise UserError(f"{path} {what}.")
