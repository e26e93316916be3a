"""One file from one server, by HTTP: goes on where it stopped, and gives up in words.

requests and urllib3 do what they do: connections, redirects, proxies, certificates, servers that are busy. What no
library does is here: what is there already is kept after a break and asked for no more (RFC 9110: `Range`, `If-Range`).
"""

import contextlib
import errno
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

import groupseg
from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json

_CHUNK = 2**18
_BREAKS = (requests.RequestException, HTTPError)
# What no second try changes; the second: an address that is none.
_FINAL = (requests.TooManyRedirects, ValueError)
# Of a number of bytes, how many digits are believed.
_DIGITS = 18
# What came since the last try counts as progress from so many bytes on, or a hundredth of the file if that is less.
_PROGRESS = 2**20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Args:
        connect: Seconds until a connection must stand.
        stall: Seconds without a byte after which a connection counts as broken.
        retries: How often it is tried again without a new byte.
        backoff: Seconds before the second retry; doubles with each that follows.
        slowest: Bytes a second; a server that sends fewer for as long as `stall` is given up.
    """

    connect: float = 15.0
    stall: float = 60.0
    retries: int = 4
    backoff: float = 1.0
    slowest: float = 1024.0


class Failed(Exception):
    """A server does not give the file; another one may. The message says why, in some words."""


class Part:
    """The bytes of a file that is on its way, and which file of which server they are of.

    Args:
        path: Where they are kept until all are there.

    Attributes:
        total: How many the whole file has; None until a server says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.total: int | None = None
        self._note = path.with_name(f"{path.name}.json")

    def size(self) -> int:
        """How many there are."""
        return self.path.stat().st_size if self.path.exists() else 0

    def note(self, url: str, validator: str | None) -> None:
        """Writes down where they come from.

        Args:
            url: Where they were asked for.
            validator: What the server names this state of the file by: a strong ETag, or a time; None if neither.
        """
        write_json(self._note, {"url": url, "validator": validator})

    def validator(self, url: str) -> str | None:
        """What `url` named the file by that these bytes are of; None if that is not known."""
        with contextlib.suppress(UserError):
            noted = read_json(self._note)
            if noted["url"] == url:
                return noted["validator"]  # type: ignore[no-any-return]
        return None

    def remove(self) -> None:
        """Forgets all of it."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


@contextlib.contextmanager
def open_session(patience: Patience) -> Iterator[requests.Session]:
    """Yields a session that asks again where a server says it is busy. Proxies are those of the environment."""
    retry = Retry(
        total=None,
        connect=0,  # these two are tried again by `transfer`, which knows how far it came
        read=0,
        status=patience.retries,
        status_forcelist=[408, 429, 500, 502, 503, 504],
        backoff_factor=patience.backoff,
        retry_after_max=60,
        raise_on_status=False,
    )
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        # As it is: a server that packs what it sends could not go on in the middle.
        session.headers.update({"Accept-Encoding": "identity", "User-Agent": f"groupseg/{groupseg.__version__}"})
        yield session


def transfer(
    session: requests.Session, url: str, part: Part, size: int | None, has_digest: bool, patience: Patience
) -> bool:
    """Downloads what is missing of a file.

    Args:
        session: Of `open_session`.
        url: The file.
        part: What is there of it. It is kept whenever this fails.
        size: Of the whole file in bytes; None if only the server knows it.
        has_digest: Whether a digest will show if bytes of two files got mixed. Else only those are kept that the
            server says are of the same file.
        patience: How long the server is waited for.

    Returns:
        Whether all bytes came in one go, so that they can be of one file only.

    Raises:
        Failed: If the server does not give it.
        UserError: If the disk is full.
    """
    furthest, tries = part.size(), 0
    bar = tqdm(desc=part.path.stem, total=size, unit="B", unit_scale=True, unit_divisor=1024, disable=None)
    with bar:
        while part.size() != size:
            try:
                return _receive(session, url, part, size, has_digest, patience, bar)
            except UserError:
                raise
            except _FINAL as error:
                raise Failed(reason(error, patience)) from error
            except _BREAKS as error:
                # A server that breaks off after each byte would be asked for ever.
                tries = 0 if part.size() - furthest >= _progress(part) else tries + 1
                furthest = max(furthest, part.size())
                if tries > patience.retries:
                    raise Failed(reason(error, patience)) from error
                time.sleep(patience.backoff * 2 ** (tries - 1) if tries else 0)
    return False


def _receive(
    session: requests.Session,
    url: str,
    part: Part,
    size: int | None,
    has_digest: bool,
    patience: Patience,
    bar: "tqdm[Never]",
) -> bool:
    """Asks once for what is missing, and writes what comes."""
    validator = part.validator(url)
    if not has_digest and validator is None:
        part.remove()
    start = part.size()
    headers = {"Range": f"bytes={start}-"} if start else {}
    if start and validator:
        headers["If-Range"] = validator
    with session.get(url, headers=headers, stream=True, timeout=(patience.connect, patience.stall)) as response:
        start, total = _span(response, part, start)
        if size is not None and total not in (None, size):
            raise Failed(f"it has {total:,} bytes there instead of {size:,}")
        if (total := total or size) is None:
            raise Failed("it does not say how long the file is")
        part.total = total
        if not has_digest:
            _check_content(response, url)
        if start < total:
            _check_space(part, start, total, known=size is not None)
            part.note(url, _validator(response))
            _show(bar, start, total)
            _write(response, part, start, total, patience, bar)
    if part.size() != total:
        raise requests.ConnectionError(f"it ended after {part.size():,} of {total:,} bytes")
    return start == 0


def _span(response: requests.Response, part: Part, start: int) -> tuple[int, int | None]:
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


def _check_content(response: requests.Response, url: str) -> None:
    """Raises Failed for what is not the file, where no digest would tell."""
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise Failed("it sends a web page")
    packed = response.headers.get("Content-Encoding", "identity").lower()
    # Of an archive that is packed itself, many servers say so where they mean the file.
    if packed != "identity" and not url.lower().endswith((".gz", ".tgz")):
        raise Failed(f"it packs the file on the way ({packed})")


def _progress(part: Part) -> int:
    return max(1, min(_PROGRESS, (part.total or 0) // 100))


def _show(bar: "tqdm[Never]", start: int, total: int) -> None:
    bar.reset(total)
    bar.initial = bar.n = bar.last_print_n = start
    bar.refresh()


def _validator(response: requests.Response) -> str | None:
    tag = response.headers.get("ETag")
    # A weak one, W/"...", does not promise equal bytes.
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _write(
    response: requests.Response, part: Part, start: int, total: int, patience: Patience, bar: "tqdm[Never]"
) -> None:
    since, before = time.monotonic(), start
    try:
        with open(part.path, "r+b" if start else "wb") as file:
            file.seek(start)
            # What has come is written before more is waited for. And it is not decoded: some servers call a .tgz a tar
            # that they have packed on the way.
            while chunk := response.raw.read1(_CHUNK, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() > total:
                    raise Failed(f"it sends more than {total:,} bytes")
                if (seconds := time.monotonic() - since) > patience.stall:
                    if (speed := (file.tell() - before) / seconds) < patience.slowest:
                        raise Failed(f"it sends {speed:,.0f} bytes a second")
                    since, before = time.monotonic(), file.tell()
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise UserError(
            f"{part.path}: {error.strerror} after {part.size():,} bytes. Free the space, or name another folder in"
            " GROUPSEG_CACHE, and run again: it goes on from there."
        ) from error


def _check_space(part: Part, start: int, total: int, known: bool) -> None:
    """Raises UserError if the disk has too little space; where a server alone says how much it takes, Failed."""
    # What is overwritten is free again.
    free = shutil.disk_usage(part.path.parent).free + part.size() - start
    if total - start > free:
        said = f"{total - start:,} bytes are to come, and the disk has {free:,} free"
        remedy = "Free the space, or name another folder in GROUPSEG_CACHE."
        # Another server may know better.
        raise UserError(f"{part.path}: {said}. {remedy}") if known else Failed(f"{said}. {remedy}")


def reason(error: Exception, patience: Patience) -> str:
    """Says in some words why a connection failed, without the five exceptions around it."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    inner: BaseException = error
    while below := inner.__cause__ or inner.__context__:
        inner = below
    if isinstance(inner, TimeoutError):
        return f"not a byte for {patience.stall:g} s"
    words = getattr(inner, "strerror", None) or " ".join(str(inner).split())[:200] or type(inner).__name__
    return f"the proxy: {words}" if isinstance(error, requests.exceptions.ProxyError) else str(words)
