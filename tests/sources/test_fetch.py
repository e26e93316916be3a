"""Downloads from a server that fails in every way: each ends right or in one clear line, and nothing half is whole."""

import errno
import hashlib
import multiprocessing
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupseg.errors import UserError
from groupseg.sources import transfer as transfers
from groupseg.sources.cache import cache_folder
from groupseg.sources.fetch import Archive, Fetched, fetch
from tests.sources.conftest import BODY, QUICK
from tests.sources.server import Fault, Server

TEMPORARY = re.compile(r"/parts/|\.json$|\.lock$")


def get(archive: Archive, cache: Path) -> Fetched:
    return fetch(archive, cache, QUICK)


def refused(archive: Archive, cache: Path) -> str:
    """Fetches in vain, and returns the one line that is said about it."""
    with pytest.raises(UserError) as error:
        get(archive, cache)
    assert "\n" not in str(error.value)
    assert finished(cache) == []
    return str(error.value)


def finished(cache: Path) -> list[Path]:
    """What the cache holds under a final name."""
    return [path for path in cache.rglob("*") if path.is_file() and not TEMPORARY.search(str(path))]


def part(cache: Path) -> bytes:
    return next(cache.rglob("*.part")).read_bytes()


def test_a_file_is_fetched_once_and_its_terms_are_said(
    server: Server, archive: Archive, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = get(archive, cache)
    assert found == Fetched(cache / archive.digest.replace(":", "-") / "a.bin", archive.digest)
    assert found.path.read_bytes() == BODY
    assert capsys.readouterr().err == "Fetching a.bin (600,000 bytes) for a. Terms: do as you like\n"
    assert get(archive, cache) == found
    assert capsys.readouterr().err == ""
    assert server.asked() == [("/a.bin", None)]
    assert not list(cache.rglob("*.part*"))


def test_another_checkout_downloads_nothing(server: Server, archive: Archive, cache: Path) -> None:
    get(archive, cache)
    assert fetch(replace(archive, name="b", urls=("http://127.0.0.1:9/",))).path.read_bytes() == BODY
    assert len(server.log) == 1


def test_the_cache_is_that_of_the_system_if_no_other_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GROUPSEG_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in cache_folder().parents
    monkeypatch.setenv("GROUPSEG_CACHE", "~/elsewhere")
    assert cache_folder() == tmp_path / "elsewhere"


@pytest.mark.parametrize("tags", [True, False])
def test_after_a_cut_only_the_missing_bytes_are_asked_for(
    server: Server, archive: Archive, cache: Path, tags: bool
) -> None:
    server.tags = tags
    server.faults["/a.bin"] = [Fault(after=250_000), Fault(after=100_000)]
    assert get(archive, cache).path.read_bytes() == BODY
    assert [(entry.range, entry.status, entry.sent) for entry in server.log] == [
        (None, 200, 250_000), ("bytes=250000-", 206, 100_000), ("bytes=350000-", 206, 250_000),
    ]  # fmt: skip


def test_a_later_run_goes_on_where_a_dead_one_stopped(server: Server, archive: Archive, cache: Path) -> None:
    server.faults["/a.bin"] = [Fault(after=250_000)]
    server.always["/a.bin"] = Fault(status=503)
    assert "503 Service Unavailable" in refused(archive, cache)
    assert part(cache) == BODY[:250_000]
    server.always.clear()
    server.log.clear()
    assert get(archive, cache).path.read_bytes() == BODY
    assert [(entry.range, entry.sent) for entry in server.log] == [("bytes=250000-", 350_000)]


@pytest.mark.parametrize("size", [len(BODY), None])
def test_a_run_that_died_before_the_last_step_asks_for_no_byte_again(
    server: Server, archive: Archive, cache: Path, size: int | None
) -> None:
    get(archive, cache)
    place = cache / "parts" / archive.digest.replace(":", "-")
    shutil.move(cache / archive.digest.replace(":", "-") / "a.bin", place / "a.bin.part")
    server.log.clear()
    assert get(replace(archive, size=size), cache).path.read_bytes() == BODY
    assert sum(entry.sent for entry in server.log) == 0


def test_a_server_without_ranges_sends_all_of_it_again(server: Server, archive: Archive, cache: Path) -> None:
    server.ranges = False
    server.faults["/a.bin"] = [Fault(after=250_000)]
    assert get(archive, cache).path.read_bytes() == BODY
    assert [(entry.range, entry.status) for entry in server.log] == [(None, 200), ("bytes=250000-", 200)]


def test_a_server_that_always_breaks_is_given_up(server: Server, archive: Archive, cache: Path) -> None:
    server.ranges = False
    server.always["/a.bin"] = Fault(after=250_000)
    assert f"{server.url}/a.bin: IncompleteRead" in refused(archive, cache)
    assert len(server.log) == 2 + QUICK.retries  # the first break came after new bytes


def test_a_stalled_connection_is_broken_off_and_taken_up_again(server: Server, archive: Archive, cache: Path) -> None:
    server.faults["/a.bin"] = [Fault(after=250_000, stall=1.0)]
    assert get(archive, cache).path.read_bytes() == BODY
    assert server.asked() == [("/a.bin", None), ("/a.bin", "bytes=250000-")]


def test_a_server_that_only_stalls_is_named(server: Server, archive: Archive, cache: Path) -> None:
    server.always["/a.bin"] = Fault(after=0, stall=1.0)
    assert f"{server.url}/a.bin: not a byte for 0.3 s" in refused(archive, cache)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_with_the_range(server: Server, archive: Archive, cache: Path, status: int) -> None:
    server.always["/moved"] = Fault(status=status, headers={"Location": "/a.bin"})
    server.faults["/a.bin"] = [Fault(after=250_000)]
    assert get(replace(archive, urls=(f"{server.url}/moved",)), cache).path.read_bytes() == BODY
    assert server.asked()[-2:] == [("/moved", "bytes=250000-"), ("/a.bin", "bytes=250000-")]


def test_a_redirect_in_a_circle_is_named(server: Server, archive: Archive, cache: Path) -> None:
    server.always["/a.bin"] = Fault(status=302, headers={"Location": "/a.bin"})
    assert "Exceeded 30 redirects" in refused(archive, cache)


def test_a_second_mirror_is_asked_where_the_first_has_nothing(server: Server, archive: Archive, cache: Path) -> None:
    mirrored = replace(archive, urls=(f"{server.url}/gone", *archive.urls))
    assert get(mirrored, cache).path.read_bytes() == BODY
    assert server.asked() == [("/gone", None), ("/a.bin", None)]


def test_a_second_mirror_goes_on_where_the_first_broke(server: Server, archive: Archive, cache: Path) -> None:
    server.files["/b.bin"] = BODY
    server.faults["/b.bin"] = [Fault(after=250_000), Fault(status=404)]
    assert get(replace(archive, urls=(f"{server.url}/b.bin", *archive.urls)), cache).path.read_bytes() == BODY
    assert server.asked()[-1] == ("/a.bin", "bytes=250000-")


def test_where_all_mirrors_fail_each_is_named_with_its_reason(server: Server, archive: Archive, cache: Path) -> None:
    urls = (f"{server.url}/gone", "http://127.0.0.1:9/a.bin", "http://nowhere.invalid/a.bin")
    said = refused(replace(archive, urls=urls), cache)
    assert f"{server.url}/gone: 404 Not Found; http://127.0.0.1:9/a.bin: Connection refused; http://nowhere" in said
    assert "Run again later, add a mirror to archives.a.urls in params.yaml, or name your own copy" in said


def test_a_busy_server_is_asked_again(server: Server, archive: Archive, cache: Path) -> None:
    server.faults["/a.bin"] = [Fault(status=503), Fault(status=429, headers={"Retry-After": "0"})]
    assert get(archive, cache).path.read_bytes() == BODY
    assert len(server.log) == 3


def test_another_file_is_named_by_both_digests_and_removed(server: Server, archive: Archive, cache: Path) -> None:
    server.files["/a.bin"] = BODY[::-1]
    found = hashlib.sha256(BODY[::-1]).hexdigest()
    said = refused(archive, cache)
    assert f"{server.url}/a.bin: another file (expected {archive.digest}, found sha256:{found})" in said
    assert not list(cache.rglob("*.part*"))
    assert len(server.log) == 1


def test_after_another_file_the_second_mirror_is_asked(server: Server, archive: Archive, cache: Path) -> None:
    server.files["/b.bin"] = BODY[::-1]
    assert get(replace(archive, urls=(f"{server.url}/b.bin", *archive.urls)), cache).path.read_bytes() == BODY


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_the_digests_that_publishers_give_are_compared(
    server: Server, archive: Archive, cache: Path, algorithm: str
) -> None:
    digest = f"{algorithm}:{hashlib.new(algorithm, BODY).hexdigest()}"
    assert get(replace(archive, digest=digest), cache).digest == digest
    wrong = f"{algorithm}:{hashlib.new(algorithm, b'').hexdigest()}"
    with pytest.raises(UserError, match=f"another file \\(expected {wrong}, found {digest}\\)"):
        get(replace(archive, digest=wrong), cache)


def test_a_wrong_size_is_noticed_before_a_byte_comes(server: Server, archive: Archive, cache: Path) -> None:
    assert "it has 600,000 bytes there instead of 7" in refused(replace(archive, size=7), cache)
    assert not list(cache.rglob("*.part"))


def test_a_file_that_changed_on_the_server_is_fetched_anew(server: Server, archive: Archive, cache: Path) -> None:
    server.files["/a.bin"] = BODY[::-1]
    server.faults["/a.bin"] = [Fault(after=250_000), Fault(status=404)]
    refused(archive, cache)
    server.files["/a.bin"] = BODY
    assert get(archive, cache).path.read_bytes() == BODY
    assert [(entry.range, entry.status) for entry in server.log[2:]] == [("bytes=250000-", 200)]


def test_where_nobody_says_that_it_changed_the_digest_does(server: Server, archive: Archive, cache: Path) -> None:
    server.tags = False
    server.files["/a.bin"] = BODY[::-1]
    server.faults["/a.bin"] = [Fault(after=250_000), Fault(status=404)]
    refused(archive, cache)
    server.files["/a.bin"] = BODY
    assert get(archive, cache).path.read_bytes() == BODY
    assert [(entry.range, entry.status) for entry in server.log[2:]] == [("bytes=250000-", 206), (None, 200)]


def test_bytes_beyond_the_file_on_the_server_are_dropped(server: Server, archive: Archive, cache: Path) -> None:
    place = cache / "parts" / archive.digest.replace(":", "-")
    place.mkdir(parents=True)
    (place / "a.bin.part").write_bytes(BODY + b"more")
    assert get(archive, cache).path.read_bytes() == BODY
    assert [entry.status for entry in server.log] == [416, 200]


def test_a_server_that_sends_more_than_the_file_fills_no_disk(server: Server, archive: Archive, cache: Path) -> None:
    server.files["/a.bin"] = BODY * 10
    server.always["/a.bin"] = Fault(headers={"Content-Length": None})
    assert "it sends more than 600,000 bytes" in refused(archive, cache)
    assert len(part(cache)) < 2 * len(BODY)


def test_a_server_that_does_not_say_how_long_the_file_is(server: Server, archive: Archive, cache: Path) -> None:
    server.always["/a.bin"] = Fault(headers={"Content-Length": None})
    assert "it does not say how long the file is" in refused(replace(archive, size=None), cache)
    assert get(archive, cache).path.read_bytes() == BODY


def test_a_packed_answer_is_kept_as_it_is(server: Server, archive: Archive, cache: Path) -> None:
    server.always["/a.bin"] = Fault(headers={"Content-Encoding": "gzip"})
    assert get(archive, cache).path.read_bytes() == BODY


def test_too_little_space_is_noticed_before_a_byte_comes(
    server: Server, archive: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": 599_999})())
    wanted = "600,000 bytes are to come, and the disk has 599,999 free. Free the space, or name"
    assert f"a.bin.part: {wanted}" in refused(archive, cache)
    assert f"{server.url}/a.bin: {wanted}" in refused(replace(archive, size=None), cache)
    assert not list(cache.rglob("*.part"))


@pytest.mark.parametrize("zeros", [15, 30, 5000])
@pytest.mark.parametrize("digest", [True, False])
def test_a_server_that_claims_more_than_any_disk_keeps_no_other_from_being_asked(
    server: Server, archive: Archive, cache: Path, zeros: int, digest: bool
) -> None:
    server.files["/b.bin"] = BODY
    server.always["/b.bin"] = Fault(headers={"Content-Length": "1" + "0" * zeros})
    mirrored = replace(archive, size=None, urls=(f"{server.url}/b.bin", *archive.urls))
    assert get(mirrored if digest else replace(mirrored, digest=None), cache).path.read_bytes() == BODY
    assert len(server.log) == 2


@pytest.mark.parametrize("place", ["/a.bin", "file:///etc/passwd", "ftp://127.0.0.1/a", "http://[::1"])
def test_where_a_redirect_leads_nowhere_no_second_try_is_made(
    server: Server, archive: Archive, cache: Path, place: str
) -> None:
    server.always["/a.bin"] = Fault(status=302, headers={"Location": place})
    server.files["/b.bin"] = BODY
    mirrored = replace(archive, urls=(*archive.urls, f"{server.url}/b.bin"))
    assert get(mirrored, cache).path.read_bytes() == BODY
    assert len([entry for entry in server.log if entry.path == "/a.bin"]) == (31 if place == "/a.bin" else 1)


def test_a_server_that_breaks_off_after_each_byte_is_given_up(server: Server, archive: Archive, cache: Path) -> None:
    server.always["/a.bin"] = Fault(after=1)
    assert "IncompleteRead" in refused(archive, cache)
    assert len(server.log) == 1 + QUICK.retries


def test_one_that_breaks_off_after_each_hundredth_is_asked_on(server: Server, archive: Archive, cache: Path) -> None:
    server.always["/a.bin"] = Fault(after=len(BODY) // 20)
    assert get(archive, cache).path.read_bytes() == BODY


def test_a_trickle_is_given_up_and_another_server_asked(server: Server, archive: Archive, cache: Path) -> None:
    server.files["/b.bin"] = BODY
    server.always["/a.bin"] = Fault(trickle=0.05)
    assert re.search(r"a\.bin: it sends \d+ bytes a second", refused(archive, cache))
    assert get(replace(archive, urls=(*archive.urls, f"{server.url}/b.bin")), cache).path.read_bytes() == BODY


def test_a_cache_below_a_file_is_named(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/cache/parts/.* cannot be made: Not a directory\. Mend it, or name"):
        get(archive, tmp_path / "file/cache")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_keeps_what_came_and_asks_no_other_server(
    server: Server, archive: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = open
    written = 0

    def small(path: Path, mode: str) -> Any:
        """Opens a file on a disk with room for one more chunk: the second is written to the device that is full."""
        file = real(path, mode)
        full = real("/dev/full", "wb", buffering=0)

        class Disk:
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *error: Any) -> None:
                file.close()
                full.close()

            def seek(self, start: int) -> None:
                file.seek(start)

            def tell(self) -> int:
                return int(file.tell())

            def write(self, data: bytes) -> None:
                nonlocal written
                written += 1
                (file if written == 1 else full).write(data)

        return Disk()

    monkeypatch.setattr(transfers, "open", small, raising=False)
    said = refused(replace(archive, urls=archive.urls * 2), cache)
    kept = len(part(cache))
    assert 0 < kept < len(BODY)
    assert f"a.bin.part: No space left on device after {kept:,} bytes. Free the space, or name another" in said
    assert len(server.log) == 1
    monkeypatch.undo()
    assert get(archive, cache).path.read_bytes() == BODY
    assert server.log[-1].range == f"bytes={kept}-"


def test_a_folder_that_may_not_be_written_is_an_error_of_the_system(
    server: Server, archive: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path, mode: str) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(transfers, "open", forbidden, raising=False)
    with pytest.raises(PermissionError, match=r"a\.bin\.part"):  # of which every stage makes one line
        get(archive, cache)


def test_two_processes_download_once(server: Server, archive: Archive, cache: Path) -> None:
    server.always["/a.bin"] = Fault(stall=0.2)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.starmap(get, [(archive, cache)] * 2)
    assert found[0] == found[1]
    assert found[0].path.read_bytes() == BODY
    assert server.asked() == [("/a.bin", None)]


def test_a_process_that_was_killed_leaves_its_bytes_and_no_lock(server: Server, archive: Archive, cache: Path) -> None:
    server.faults["/a.bin"] = [Fault(after=250_000, stall=5.0)]
    patient = replace(QUICK, stall=5.0)
    process = multiprocessing.get_context("fork").Process(target=fetch, args=(archive, cache, patient))
    process.start()
    deadline = time.monotonic() + 5
    while not (begun := list(cache.rglob("*.part"))) or begun[0].stat().st_size < 200_000:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.join()
    kept = len(part(cache))
    assert get(archive, cache).path.read_bytes() == BODY
    assert server.asked() == [("/a.bin", None), ("/a.bin", f"bytes={kept}-")]


def test_a_file_that_changed_in_the_cache_is_fetched_again(server: Server, archive: Archive, cache: Path) -> None:
    path = get(archive, cache).path
    path.write_bytes(BODY[:-1])
    assert get(archive, cache).path.read_bytes() == BODY
    assert len(server.log) == 2


def test_a_file_is_hashed_once_for_each_state(
    server: Server, archive: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = get(archive, cache).path
    monkeypatch.setattr(hashlib, "new", lambda *given, **named: pytest.fail("hashed again"))
    get(archive, cache)
    os.utime(path, (0, 0))
    with pytest.raises(pytest.fail.Exception, match="hashed again"):
        get(archive, cache)


class TestWithoutDigest:
    """The first download is trusted, and holds for all that follow."""

    @pytest.fixture
    def archive(self, archive: Archive) -> Archive:
        return replace(archive, digest=None, size=None)

    def test_the_first_is_trusted_with_a_warning(
        self, server: Server, archive: Archive, cache: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        found = get(archive, cache)
        assert found.digest == f"sha256:{hashlib.sha256(BODY).hexdigest()}"
        said = capsys.readouterr().err.splitlines()
        assert said[0] == "Fetching a.bin (size unknown) for a. Terms: do as you like"
        assert said[1].startswith(
            "warning: no digest is known of a.bin; what came is trusted. To hold others to it, add"
        )
        assert f"`{found.digest.replace(':', ': ')}` to archives.a" in said[1]
        assert get(archive, cache) == found
        assert fetch(replace(archive, digest=found.digest), cache, QUICK) == found
        assert len(server.log) == 1

    def test_a_later_one_must_be_the_same(self, server: Server, archive: Archive, cache: Path) -> None:
        get(archive, cache).path.unlink()
        server.files["/a.bin"] = BODY[::-1]
        assert "another file (expected sha256:" in refused(archive, cache)

    def test_it_goes_on_only_where_the_server_says_that_it_is_the_same_file(
        self, server: Server, archive: Archive, cache: Path
    ) -> None:
        server.faults["/a.bin"] = [Fault(after=250_000)]
        assert get(archive, cache).path.read_bytes() == BODY
        assert server.log[1].range == "bytes=250000-"
        assert server.log[1].if_range == Server.tag(BODY)

    @pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}])
    def test_else_it_starts_again(
        self, server: Server, archive: Archive, cache: Path, headers: dict[str, str | None]
    ) -> None:
        server.tags = False
        server.faults["/a.bin"] = [Fault(after=250_000, headers=headers), Fault(headers=headers)]
        assert get(archive, cache).path.read_bytes() == BODY
        assert [entry.range for entry in server.log] == [None, None]

    def test_another_server_starts_again(self, server: Server, archive: Archive, cache: Path) -> None:
        server.files["/b.bin"] = BODY
        server.faults["/b.bin"] = [Fault(after=250_000), Fault(status=404)]
        assert get(replace(archive, urls=(f"{server.url}/b.bin", *archive.urls)), cache).path.read_bytes() == BODY
        assert server.asked()[-1] == ("/a.bin", None)

    @pytest.mark.parametrize("packed", ["gzip", "br", "x-gzip"])
    def test_what_is_packed_on_the_way_is_not_taken_for_the_file(
        self, server: Server, archive: Archive, cache: Path, packed: str
    ) -> None:
        server.files["/a.tgz"] = BODY
        server.always["/a.bin"] = server.always["/a.tgz"] = Fault(headers={"Content-Encoding": packed})
        unknown = replace(archive, digest=None)
        assert f"it packs the file on the way ({packed})" in refused(unknown, cache)
        # Of such files servers say so where they mean the file itself.
        assert get(replace(unknown, urls=(f"{server.url}/a.tgz",)), cache).path.read_bytes() == BODY

    def test_a_web_page_is_no_archive(self, server: Server, archive: Archive, cache: Path) -> None:
        server.always["/a.bin"] = Fault(headers={"Content-Type": "text/html; charset=utf-8"})
        assert "it sends a web page" in refused(archive, cache)


class TestOwnFile:
    """A file that is there already."""

    @pytest.fixture
    def own(self, tmp_path: Path) -> Path:
        path = tmp_path / "mine.bin"
        path.write_bytes(BODY)
        return path

    def test_it_is_taken_where_it_lies(self, server: Server, archive: Archive, cache: Path, own: Path) -> None:
        assert get(replace(archive, path=own), cache) == Fetched(own, archive.digest)
        assert get(replace(archive, path=own, digest=None), cache) == Fetched(own, archive.digest)
        assert server.log == []

    def test_another_one_is_refused_and_left_alone(self, archive: Archive, cache: Path, own: Path) -> None:
        own.write_bytes(b"another")
        said = refused(replace(archive, path=own), cache)
        assert said.startswith(f"{own} is another file than a: expected {archive.digest}, found sha256:")
        assert own.read_bytes() == b"another"

    def test_a_missing_one_is_named(self, archive: Archive, cache: Path, own: Path) -> None:
        own.unlink()
        assert f"{own} is missing. Mend archives.a.path in params.yaml" in refused(replace(archive, path=own), cache)


def test_proxies_of_the_environment_are_used(
    server: Server, archive: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # To a proxy the whole address is the path.
    server.files["http://far.invalid/a.bin"] = BODY
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    assert get(replace(archive, urls=("http://far.invalid/a.bin",)), cache).path.read_bytes() == BODY
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    shutil.rmtree(cache)
    assert "http://far.invalid/a.bin: the proxy: Connection refused" in refused(
        replace(archive, urls=("http://far.invalid/a.bin",)), cache
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 400_000), max_size=5), ranges=st.booleans(), tags=st.booleans())
def test_whatever_breaks_where_the_file_is_whole_or_is_not_there(
    server: Server, archive: Archive, cache: Path, cuts: list[int], ranges: bool, tags: bool
) -> None:
    shutil.rmtree(cache, ignore_errors=True)
    server.ranges, server.tags = ranges, tags
    server.faults["/a.bin"] = [Fault(after=after) for after in cuts]
    try:
        assert get(archive, cache).path.read_bytes() == BODY
    except UserError:
        assert finished(cache) == []
