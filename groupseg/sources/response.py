"""What a server says of a file in the head of its response."""

import re

import requests

from groupseg.sources.part import Failed, Part

# Of a number of bytes, how many digits are believed.
_DIGITS = 18


def span(response: requests.Response, part: Part, start: int) -> tuple[int, int | None]:
    """Finds what a response holds: from which byte on, and how many the whole file has."""
    codes = requests.codes
    if response.status_code in (codes.partial_content, codes.requested_range_not_satisfiable):
        found = re.fullmatch(
            r"bytes (?:(\d{1,18})-\d{1,18}|\*)/(\d{1,18}|\*)", response.headers.get("Content-Range", "")
        )
        total = int(found[2]) if found and found[2] != "*" else None
        if found and (start == int(found[1]) if found[1] else start == total):
            return start, total
        part.remove()  # what is there is no beginning of this file
        raise requests.ConnectionError("it sent another part than was asked for")
    if response.status_code != codes.ok:
        raise Failed(f"{response.status_code} {response.reason}")
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and len(length) > _DIGITS:
        raise Failed(f"it says that the file has a number of bytes of {len(length)} digits")
    return 0, int(length) if length.isdecimal() else None


def check_content(response: requests.Response, url: str) -> None:
    """Raises Failed for what is not the file, where no digest would tell."""
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise Failed("it sends a web page")
    packed = response.headers.get("Content-Encoding", "identity").lower()
    # Of an archive that is packed itself, many servers say so where they mean the file.
    if packed != "identity" and not url.lower().endswith((".gz", ".tgz")):
        raise Failed(f"it packs the file on the way ({packed})")


def validator(response: requests.Response) -> str | None:
    """Returns what a server names this state of a file by: a strong ETag, or a time; None if neither."""
    tag = response.headers.get("ETag")
    # A weak one, W/"...", does not promise equal bytes.
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")
