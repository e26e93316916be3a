"""Folders, tars and zips as trees of files: what they hold is read, and what is not to be trusted is refused."""

import io
import os
import pickle
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupseg.errors import UserError
from groupseg.sources import names
from groupseg.sources.tree import Folder, Merged, SingleFile, Tree, open_tree

FILES = {"a/b.txt": b"first", "a/ä 1.bin": bytes(3000), "z.txt": b"", "a/c.bin": os.urandom(2000)}
KINDS = ["folder", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz", "zip"]


def make_tar(path: Path, files: Mapping[str, bytes], mode: str = "w", *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for member in extra:
            tar.addfile(member)
    return path


def make_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def make(kind: str, folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    path = folder / f"made.{kind}"
    if kind == "zip":
        return make_zip(path, files)
    if kind != "folder":
        return make_tar(path, files, {"tar": "w", "tgz": "w:gz"}.get(kind, f"w:{kind[4:]}"))
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def refused(path: Path) -> str:
    """Opens an archive in vain, and returns the one line that is said about it."""
    with pytest.raises(UserError) as error:
        open_tree(path)
    said = str(error.value)
    assert said.startswith(str(path))
    assert "\n" not in said
    return said


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GROUPSEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_holds_the_same_files(tmp_path: Path, kind: str) -> None:
    path = make(kind, tmp_path)
    tree = open_tree(path)
    assert tree.names() == tuple(sorted(FILES))
    assert {name: tree.read(name) for name in tree.names()} == FILES
    assert tree.label == str(path)
    assert tree.where("a/b.txt") == f"{path}/a/b.txt"
    assert "a/b.txt" in tree
    assert "a" not in tree
    assert "a/d.txt" not in tree
    with pytest.raises(UserError, match=r"/a/d\.txt is missing\. Add it"):
        tree.read("a/d.txt")


def test_a_compressed_tar_is_decompressed_once(tmp_path: Path, cache: Path) -> None:
    path = make("tgz", tmp_path)
    open_tree(path)
    (plain,) = cache.rglob("*.tar")
    before = plain.stat().st_mtime_ns
    open_tree(path)
    assert plain.stat().st_mtime_ns == before
    make_tar(path, {"other.txt": b"1"}, "w:gz")
    os.utime(path, (1, 1))
    assert open_tree(path).names() == ("other.txt",)


@pytest.mark.parametrize(("kind", "name"), [("tar", "made.tgz"), ("tgz", "made.tar"), ("zip", "MADE.ZIP")])
def test_how_a_tar_is_packed_is_seen_from_its_bytes(tmp_path: Path, kind: str, name: str) -> None:
    path = make(kind, tmp_path).rename(tmp_path / name)
    assert open_tree(path).read("a/b.txt") == b"first"


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_tree_that_was_opened_is_read_in_other_processes(tmp_path: Path, kind: str, start_method: str) -> None:
    files = {f"{number}.bin": number.to_bytes(2) * 5000 for number in range(40)}
    tree = open_tree(make(kind, tmp_path, files))
    tree.read("0.bin")
    with ProcessPoolExecutor(2, mp_context=get_context(start_method)) as pool:
        assert list(pool.map(tree.read, files)) == list(files.values())
    assert pickle.loads(pickle.dumps(tree)).read("7.bin") == files["7.bin"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_a_system_leaves_behind_are_passed_over(tmp_path: Path, kind: str) -> None:
    clutter = {"a/.DS_Store": b"", "__MACOSX/a/._b.txt": b"", ".git/config": b""}
    assert open_tree(make(kind, tmp_path, {"a/b.txt": b"", **clutter})).names() == ("a/b.txt",)


def test_another_file_is_a_tree_of_one(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text("{}")
    tree = open_tree(path)
    assert isinstance(tree, SingleFile)
    assert tree.names() == ("list.json",)
    assert tree.read("list.json") == b"{}"
    assert tree.where("list.json") == str(path)
    with pytest.raises(UserError, match=r"list\.json/other\.json is missing"):
        tree.read("other.json")


def test_nothing_at_all_is_named(tmp_path: Path) -> None:
    assert "is missing. Mend the path in params.yaml" in refused(tmp_path / "none.tar")
    with pytest.raises(UserError, match=r"is no folder\. Mend the path"):
        Folder(tmp_path / "none")


def test_trees_are_merged(tmp_path: Path) -> None:
    parts = [open_tree(make("tar", tmp_path, {"a/1.txt": b"1"})), open_tree(make("zip", tmp_path, {"a/2.txt": b"2"}))]
    tree: Tree = Merged(parts)
    assert tree.names() == ("a/1.txt", "a/2.txt")
    assert [tree.read(name) for name in tree.names()] == [b"1", b"2"]
    assert tree.label == f"{tmp_path}/made.tar + {tmp_path}/made.zip"
    assert tree.where("a/2.txt") == f"{tmp_path}/made.zip/a/2.txt"
    assert "a/3.txt" not in tree
    with pytest.raises(UserError, match=r"made\.tar \+ .*made\.zip/a/3\.txt is missing"):
        tree.read("a/3.txt")
    with pytest.raises(UserError, match=r"a/1\.txt is in .*made\.tar and in .*made\.folder\. Name one of the two"):
        Merged([parts[0], open_tree(make("folder", tmp_path, {"a/1.txt": b"1"}))])


class TestFolder:
    """Links are the owner's own; names that others wrote must not lead out."""

    def test_links_are_followed_and_circles_left(self, tmp_path: Path) -> None:
        make("folder", tmp_path, {"a/b.txt": b"1"})
        (tmp_path / "made.folder/link").symlink_to(make("folder", tmp_path / "else", {"c.txt": b"2"}))
        (tmp_path / "made.folder/a/up").symlink_to(tmp_path / "made.folder")
        tree = open_tree(tmp_path / "made.folder")
        assert tree.names() == ("a/b.txt", "link/c.txt")
        assert tree.read("link/c.txt") == b"2"

    @pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd"])
    def test_a_name_that_leads_out_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "secret").write_text("!")
        tree = open_tree(make("folder", tmp_path))
        for act in (tree.read, tree.__contains__):
            with pytest.raises(UserError, match="leads out of its folder"):
                act(name)

    def test_what_is_no_file_is_named(self, tmp_path: Path) -> None:
        tree = open_tree(make("folder", tmp_path))
        with pytest.raises(UserError, match=r"z\.txt/x is missing"):
            tree.read("z.txt/x")
        with pytest.raises(UserError, match=r"/a cannot be read: Is a directory"):
            tree.read("a")


HOSTILE = ["../out.txt", "a/../../out.txt", "/etc/out.txt", "..\\out.txt", "C:\\out.txt", "C:/out.txt"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["tar", "tgz", "zip"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    said = refused(make(kind, tmp_path, {"fine.txt": b"", name: b"!"}))
    assert said.endswith(
        f"holds {name!r}, which leads out of its folder. Take the archive from its publisher, or repack it."
    )


def test_one_dot_is_no_way_out(tmp_path: Path) -> None:
    for kind in ("tar", "zip"):
        assert open_tree(make(kind, tmp_path, {"./a//b.txt": b"1"})).read("a/b.txt") == b"1"


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path: Path, kind: str) -> None:
    path = make(kind, tmp_path, {"a.txt": b"1", "./a.txt": b"2"})
    assert "holds 'a.txt' twice" in refused(path)


class TestTar:
    """What a tar can hold besides files, and what becomes of one that is damaged."""

    @pytest.mark.parametrize(
        ("kind", "called"),
        [
            (tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "link"), (tarfile.CHRTYPE, "device"),
            (tarfile.BLKTYPE, "device"), (tarfile.FIFOTYPE, "pipe"),
        ],
    )  # fmt: skip
    def test_links_devices_and_pipes_are_refused(self, tmp_path: Path, kind: bytes, called: str) -> None:
        member = tarfile.TarInfo("images/odd")
        member.type, member.linkname = kind, "/etc/passwd"
        path = make_tar(tmp_path / "made.tar", FILES, "w", member)
        assert f"holds 'images/odd', a {called}; only plain files are read" in refused(path)

    def test_folders_are_no_files(self, tmp_path: Path) -> None:
        member = tarfile.TarInfo("images")
        member.type = tarfile.DIRTYPE
        assert open_tree(make_tar(tmp_path / "made.tar", FILES, "w", member)).names() == tuple(sorted(FILES))

    def test_names_that_are_no_text_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "made.tar"
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
            tar.addfile(tarfile.TarInfo("café.txt"))
        assert "holds a name that is not UTF-8" in refused(path)

    @pytest.mark.parametrize("format_", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
    def test_long_names_in_all_formats(self, tmp_path: Path, format_: int) -> None:
        name = f"{'d' * 90}/{'f' * 90}.txt"
        with tarfile.open(tmp_path / "made.tar", "w", format=format_) as tar:
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"abc"))
        assert open_tree(tmp_path / "made.tar").read(name) == b"abc"

    def test_cut_anywhere_it_is_refused(self, tmp_path: Path) -> None:
        whole = make_tar(tmp_path / "made.tar", FILES).read_bytes()
        end = len(whole.rstrip(b"\0"))
        path = tmp_path / "cut.tar"
        for length in {*range(0, end, 512), *range(5, end, 499)}:
            path.write_bytes(whole[:length])
            assert "no whole tar archive" in refused(path)

    def test_a_damaged_header_does_not_end_it_early(self, tmp_path: Path) -> None:
        path = make_tar(tmp_path / "made.tar", {"a.txt": b"1", "b.txt": b"2", "c.txt": b"3"})
        damaged = bytearray(path.read_bytes())
        damaged[1024 + 20] ^= 1
        path.write_bytes(damaged)
        assert "no entry and no end of the archive at byte 1,024" in refused(path)

    def test_one_that_becomes_shorter_while_it_is_read(self, tmp_path: Path) -> None:
        path = make_tar(tmp_path / "made.tar", FILES)
        tree = open_tree(path)
        os.truncate(path, 600)
        with pytest.raises(UserError, match=r"no whole tar archive: it ends in a/c\.bin"):
            tree.read("a/c.bin")

    def test_a_file_too_large_for_memory_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(names, "LARGEST", 2500)
        for kind in ("tar", "zip"):
            assert "a/ä 1.bin is 3,000 bytes, more than the 2,500" in refused(make(kind, tmp_path))

    def test_a_damaged_or_cut_compressed_tar_leaves_nothing(self, tmp_path: Path, cache: Path) -> None:
        path = make("tgz", tmp_path)
        whole = path.read_bytes()
        for damaged in (whole[:-30], whole[:40] + b"\xff" * 20 + whole[60:], whole[:2]):
            path.write_bytes(damaged)
            assert "is no whole archive" in refused(path)
        path.write_bytes(b"no gzip")
        assert "is no whole tar archive" in refused(path)
        assert not list(cache.rglob("*.tar"))

    @pytest.mark.parametrize("kind", ["tgz", "tar.xz", "tar.bz2"])
    def test_a_bomb_is_refused_before_it_fills_the_disk(
        self, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        monkeypatch.setattr(names, "FREE_BYTES", 2**20)
        assert "as only a zip bomb does" in refused(make(kind, tmp_path, {"zeros": bytes(5 * 2**20)}))
        assert not [path for path in cache.rglob("*") if path.suffix != ".lock" and path.is_file()]


def patch_zip(path: Path, change: Callable[[bytearray, int], None]) -> Path:
    """Changes the last entry of the central directory, whose position is given."""
    data = bytearray(path.read_bytes())
    change(data, data.rindex(b"PK\x01\x02"))
    path.write_bytes(data)
    return path


class TestZip:
    """What a zip can hold besides files, and what becomes of one that is damaged."""

    def test_an_encrypted_one_is_refused(self, tmp_path: Path) -> None:
        def encrypt(data: bytearray, entry: int) -> None:
            data[entry + 8] |= 1

        said = refused(patch_zip(make("zip", tmp_path), encrypt))
        assert "is encrypted ('a/c.bin'). Unpack it with its password" in said

    @pytest.mark.parametrize(
        ("mode", "called"), [(stat.S_IFLNK, "link"), (stat.S_IFCHR, "device"), (stat.S_IFIFO, "pipe")]
    )
    def test_links_devices_and_pipes_are_refused(self, tmp_path: Path, mode: int, called: str) -> None:
        entry = zipfile.ZipInfo("odd")
        entry.external_attr = (mode | 0o644) << 16
        with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
            archive.writestr(entry, "/etc/passwd")
        assert f"holds 'odd', a {called}; only plain files are read" in refused(tmp_path / "made.zip")

    def test_another_packing_is_named(self, tmp_path: Path) -> None:
        def deflate64(data: bytearray, entry: int) -> None:
            data[entry + 10] = 9

        assert "packed in a way that is not read (method 9)" in refused(patch_zip(make("zip", tmp_path), deflate64))

    def test_a_bomb_is_refused_before_it_is_unpacked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(names, "FREE_BYTES", 2**20)
        path = make_zip(tmp_path / "made.zip", {"zeros": bytes(5 * 2**20)})
        assert f"unpacks from {path.stat().st_size:,} to 5,242,880 bytes or more" in refused(path)

    def test_a_size_that_lies_unpacks_no_more_than_it_says(self, tmp_path: Path) -> None:
        def shrink(data: bytearray, entry: int) -> None:
            data[entry + 24 : entry + 28] = struct.pack("<I", 100)

        tree = open_tree(patch_zip(make_zip(tmp_path / "made.zip", {"zeros": bytes(5 * 2**20)}), shrink))
        with pytest.raises(UserError, match=r"no whole zip archive: zeros cannot be read \(Bad CRC"):
            tree.read("zeros")

    def test_utf8_names_without_the_mark_for_it_are_understood(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "made.zip", {"ä.txt": b"1", "b.txt": b"2"})
        data = bytearray(path.read_bytes())
        for mark, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
            data[data.index(mark) + offset] &= ~0x08
        path.write_bytes(data)
        assert open_tree(path).read("ä.txt") == b"1"

    def test_what_is_no_zip_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "made.zip"
        for content in (b"", b"<html>", make("tar", tmp_path).read_bytes()):
            path.write_bytes(content)
            assert "no whole zip archive: File is not a zip file" in refused(path)

    def test_cut_anywhere_it_is_refused(self, tmp_path: Path) -> None:
        whole = make("zip", tmp_path).read_bytes()
        path = tmp_path / "cut.zip"
        for length in range(0, len(whole), 97):
            path.write_bytes(whole[:length])
            assert "no whole zip archive" in refused(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["tar", "zip", "tgz"]))
def test_bytes_changed_at_random_are_refused_in_one_line_or_change_nothing(
    tmp_path: Path, data: st.DataObject, kind: str
) -> None:
    path = make(kind, tmp_path)
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        tree = open_tree(path)
        read = {name: tree.read(name) for name in tree.names()}
    except UserError as error:
        said, read = str(error), {}
    else:
        said = ""
    assert "\n" not in said
    # Only a tar has no checksum over its files: there a changed byte is a changed file.
    assert kind == "tar" or all(FILES.get(name, found) == found for name, found in read.items())


def test_backslashes_in_the_names_of_a_folder_are_slashes(tmp_path: Path) -> None:
    """What unzip leaves on Linux of archives that some programs make on Windows."""
    files = {"images\\a.jpg": b"one", "images\\sub\\b.jpg": b"two", "c.txt": b"three", "masks\\.hidden": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    tree = open_tree(tmp_path)
    assert "images/a.jpg" in tree
    assert tree.names() == ("c.txt", "images/a.jpg", "images/sub/b.jpg")
    for copy in (tree, pickle.loads(pickle.dumps(tree))):
        assert [copy.read(name) for name in tree.names()] == [b"three", b"one", b"two"]
    assert tree.where("images/a.jpg") == f"{tmp_path}/images\\a.jpg"
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.jpg").write_bytes(b"another")
    with pytest.raises(UserError, match=r"holds images/a\.jpg and images\\a\.jpg\. Take one of them away"):
        open_tree(tmp_path).names()
