"""One file from one server, by HTTP: goes on where it stopped, and gives up in words.

requests and urllib3 do what they do: connections, redirects, proxies, certificates, servers that are busy. What no
library does is here: what is there already is kept after a break and asked for no more (RFC 9110: `Range`, `If-Range`).
"""

import contextlib
import errno
import shutil
import time
from collections.abc import Iterator
from typing import Never

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

import groupseg
from groupseg.errors import UserError
from groupseg.sources.part import Failed, Part, RetryPolicy
from groupseg.sources.response import check_content, span, validator

_CHUNK = 2**18
_BREAKS = (requests.RequestException, HTTPError)
# What no second try changes; the second: an address that is none.
_FINAL = (requests.TooManyRedirects, ValueError)
# What came since the last try counts as progress from so many bytes on, or a hundredth of the file if that is less.
_PROGRESS = 2**20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def open_session(policy: RetryPolicy) -> Iterator[requests.Session]:
    """Yields a session that asks again where a server says it is busy. Proxies are those of the environment."""
    retry = Retry(
        total=None,
        connect=0,  # these two are tried again by `transfer`, which knows how far it came
        read=0,
        status=policy.retries,
        status_forcelist=[408, 429, 500, 502, 503, 504],
        backoff_factor=policy.backoff,
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
    session: requests.Session, url: str, part: Part, size: int | None, has_digest: bool, policy: RetryPolicy
) -> bool:
    """Downloads what is missing of a file.

    Args:
        session: Of `open_session`.
        url: The file.
        part: What is there of it. It is kept whenever this fails.
        size: Of the whole file in bytes; None if only the server knows it.
        has_digest: Whether a digest will show if bytes of two files got mixed. Else only those are kept that the
            server says are of the same file.
        policy: How long, and how often, the server is waited for.

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
                return _receive(session, url, part, size, has_digest, policy, bar)
            except UserError:
                raise
            except _FINAL as error:
                raise Failed(reason(error, policy)) from error
            except _BREAKS as error:
                # A server that breaks off after each byte would be asked for ever.
                tries = 0 if part.size() - furthest >= _progress(part) else tries + 1
                furthest = max(furthest, part.size())
                if tries > policy.retries:
                    raise Failed(reason(error, policy)) from error
                time.sleep(policy.backoff * 2 ** (tries - 1) if tries else 0)
    return False


def _receive(
    session: requests.Session,
    url: str,
    part: Part,
    size: int | None,
    has_digest: bool,
    policy: RetryPolicy,
    bar: "tqdm[Never]",
) -> bool:
    """Asks once for what is missing, and writes what comes."""
    known = part.validator(url)
    if not has_digest and known is None:
        part.remove()
    start = part.size()
    headers = {"Range": f"bytes={start}-"} if start else {}
    if start and known:
        headers["If-Range"] = known
    with session.get(url, headers=headers, stream=True, timeout=(policy.connect, policy.stall)) as response:
        start, total = span(response, part, start)
        if size is not None and total not in (None, size):
            raise Failed(f"it has {total:,} bytes there instead of {size:,}")
        if (total := total or size) is None:
            raise Failed("it does not say how long the file is")
        part.total = total
        if not has_digest:
            check_content(response, url)
        if start < total:
            _check_space(part, start, total, known=size is not None)
            part.note(url, validator(response))
            _show(bar, start, total)
            _write(response, part, start, total, policy, bar)
    if part.size() != total:
        raise requests.ConnectionError(f"it ended after {part.size():,} of {total:,} bytes")
    return start == 0


def _progress(part: Part) -> int:
    return max(1, min(_PROGRESS, (part.total or 0) // 100))


def _show(bar: "tqdm[Never]", start: int, total: int) -> None:
    bar.reset(total)
    bar.initial = bar.n = bar.last_print_n = start
    bar.refresh()


def _write(
    response: requests.Response, part: Part, start: int, total: int, policy: RetryPolicy, bar: "tqdm[Never]"
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
                if (seconds := time.monotonic() - since) > policy.stall:
                    if (speed := (file.tell() - before) / seconds) < policy.slowest:
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


def reason(error: Exception, policy: RetryPolicy) -> str:
    """Says in some words why a connection failed, without the five exceptions around it."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {policy.connect:g} s"
    inner: BaseException = error
    while below := inner.__cause__ or inner.__context__:
        inner = below
    if isinstance(inner, TimeoutError):
        return f"not a byte for {policy.stall:g} s"
    words = getattr(inner, "strerror", None) or " ".join(str(inner).split())[:200] or type(inner).__name__
    return f"the proxy: {words}" if isinstance(error, requests.exceptions.ProxyError) else str(words)
