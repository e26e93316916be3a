"""A server, a cache, and an archive that lies on the one and is to come into the other."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from groupseg.sources.fetch import Archive
from groupseg.sources.part import RetryPolicy
from tests.sources.server import Server

BODY = np.random.default_rng(0).bytes(600_000)
QUICK = RetryPolicy(connect=2.0, stall=0.3, retries=2, backoff=0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with one file, /a.bin."""
    server = Server(files={"/a.bin": BODY})
    http = server.start()
    yield server
    http.shutdown()
    http.server_close()


@pytest.fixture
def archive(server: Server) -> Archive:
    """The file of the server, with its digest."""
    digest = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
    return Archive("a", "a.bin", (f"{server.url}/a.bin",), "do as you like", digest, len(BODY))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of the test, which is the cache of the process too."""
    monkeypatch.setenv("GROUPSEG_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path / "cache"
