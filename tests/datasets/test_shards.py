"""Prepared data sets: written, read back, and left alone when something is wrong."""

import io
import re
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import webdataset
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from groupseg.datasets import writer
from groupseg.datasets.entry import count_pixels
from groupseg.datasets.folder import read_folder
from groupseg.datasets.sample import CaptionedImage, Sample, ignore_value
from groupseg.datasets.shard_file import tar_header
from groupseg.datasets.shards import read_captions, read_crossfit, read_prepared_classes, read_sample, read_samples
from groupseg.datasets.writer import write_captions, write_files, write_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256
from groupseg.sources.tree import open_tree
from tests.datasets.layouts import MakeFolder

ORIGIN = {"dataset": "own", "format": "folder"}


def sample(key: str, classes: int = 3) -> Sample:
    rng = np.random.default_rng(list(key.encode()))
    mask = rng.integers(0, classes + 1, (8, 8)).astype(np.int32)
    return Sample(key, rng.integers(0, 256, (8, 8, 3), np.uint8), mask, f"name of {key}")


def write(folder: Path, calib: list[Sample], test: list[Sample], classes: int = 3) -> None:
    names = [f"class {index}" for index in range(classes)]
    write_samples(folder, names, True, {"calib": iter(calib), "test": iter(test)}, ORIGIN)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in sorted(folder.iterdir())}


def test_what_is_written_is_read_back(make_folder: MakeFolder, tmp_path: Path) -> None:
    files = read_folder(open_tree(make_folder()), calib=2, seed=0)
    out = tmp_path / "100% prepared" / "own"
    write_files(out, files, ORIGIN)
    assert read_prepared_classes(out) == (("cat", "dog", "sky"), False)
    for split in ("calib", "test"):
        for written, found in zip(files.samples(split), read_samples(out, split), strict=True):
            assert (found.key, found.name, found.encoded) == (written.key, written.name, written.encoded)
            assert np.array_equal(found.image, written.image)
            assert np.array_equal(found.mask, written.mask)


def test_the_manifest_counts_images_pixels_and_bytes(tmp_path: Path) -> None:
    samples = [sample("a"), sample("b")]
    samples[0].mask[0, 0] = 255
    write(tmp_path / "own", samples, [sample("c")])
    manifest = read_json(tmp_path / "own/manifest.json")
    assert {key: manifest[key] for key in ORIGIN} == ORIGIN
    calib = manifest["splits"]["calib"]
    assert calib["images"] == 2
    masks = np.stack([one.mask for one in samples])
    assert calib["pixels"] == [int((masks == label).sum()) for label in range(4)]
    assert sum(calib["pixels"]) == 127
    assert calib["shards"] == {"calib-00000.tar": sha256(tmp_path / "own/calib-00000.tar")}


def test_folds_of_a_data_set_without_calibration_images_are_on_record(tmp_path: Path) -> None:
    write_samples(tmp_path / "folds", ["cat", "dog", "sky"], True, {"test": [sample("a"), sample("b")]}, ORIGIN, 5)
    assert read_crossfit(tmp_path / "folds") == read_json(tmp_path / "folds/manifest.json")["crossfit"] == 5
    assert {path.name for path in (tmp_path / "folds").glob("*.tar")} == {"test-00000.tar"}
    write(tmp_path / "own", [sample("a")], [sample("b")])
    assert read_crossfit(tmp_path / "own") == 0


def test_webdataset_reads_the_shards(tmp_path: Path) -> None:
    write(tmp_path / "own", [sample("a"), sample("b")], [sample("c")])
    shards = webdataset.WebDataset(str(tmp_path / "own/calib-00000.tar"), shardshuffle=False)
    found = list(shards.decode("rgb8"))
    assert [one["__key__"] for one in found] == ["a", "b"]
    assert set(found[0]) >= {"image.jpg", "mask.png", "json"}
    assert found[0]["json"] == {"name": "name of a"}


def test_shards_hold_a_limited_number_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "IMAGES_PER_SHARD", 2)
    write(tmp_path / "own", [sample(key) for key in "abcde"], [sample("f")])
    shards = sorted(path.name for path in (tmp_path / "own").glob("calib-*.tar"))
    assert shards == [f"calib-0000{index}.tar" for index in range(3)]
    assert [one.key for one in read_samples(tmp_path / "own", "calib")] == list("abcde")
    assert np.array_equal(read_sample(tmp_path / "own", "calib", "e").mask, sample("e").mask)
    with pytest.raises(UserError, match="no image 'f' in its calib split"):
        read_sample(tmp_path / "own", "calib", "f")


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, [sample("a" * 150)], [sample("ä")])
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    with tarfile.open(tmp_path / "one/calib-00000.tar") as tar:
        assert {(member.mtime, member.uname, member.uid) for member in tar} == {(0, "groupseg", 0)}


def test_any_number_of_processes_gives_the_same_bytes(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FILES_PER_SHARD", 20)
    files, done = read_folder(open_tree(make_folder(images=70)), calib=25, seed=0), []
    write_files(tmp_path / "one", files, ORIGIN, processes=1)
    write_files(tmp_path / "two", files, ORIGIN, processes=2, progress=done.append)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert [path.name for path in sorted((tmp_path / "two").glob("*.tar"))] == [
        *("calib-00000.tar", "calib-00001.tar"),
        *("test-00000.tar", "test-00001.tar", "test-00002.tar"),
    ]
    assert done == [20, 5, 20, 20, 5]


def test_of_several_faults_in_several_processes_the_first_in_order_is_told(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FILES_PER_SHARD", 20)
    files = read_folder(open_tree(make_folder(images=70)), calib=25, seed=0)
    write_files(tmp_path / "out/own", files, ORIGIN)
    before = contents(tmp_path / "out/own")
    broken = [files.splits["test"][index] for index in (3, 25, 30)]
    for item in broken:
        (tmp_path / item.image).write_bytes(b"\xff\xd8")
    with pytest.raises(UserError, match=f"{re.escape(broken[0].image)} cannot be read"):
        write_files(tmp_path / "out/own", files, ORIGIN, processes=2)
    assert contents(tmp_path / "out/own") == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["own"]


def test_masks_whose_values_are_labels_are_stored_as_they_are_found(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder(["background", "cat", "dog"], images=2)
    mask = Image.open(folder / "masks/photo 0.png").convert("P", palette=Image.Palette.ADAPTIVE)
    mask.putdata([value % 3 for value in range(mask.width * mask.height)])
    mask.save(folder / "masks/photo 0.png")
    write_files(tmp_path / "own", read_folder(open_tree(folder), calib=1, seed=0), ORIGIN)
    for split in ("calib", "test"):
        with tarfile.open(tmp_path / f"own/{split}-00000.tar") as tar:
            (stored,) = [member for member in tar if member.name.endswith("mask.png")]
            found = (folder / "masks" / stored.name.replace(".mask", "")).read_bytes()
            assert tar.extractfile(stored).read() == found
        (read,) = read_samples(tmp_path / "own", split)
        assert np.array_equal(read.mask, np.asarray(Image.open(io.BytesIO(found))))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300), st.data())
def test_pixels_are_counted_label_by_label(classes: int, data: st.DataObject) -> None:
    labels = st.sampled_from([*range(classes + 1), ignore_value(classes)])
    mask = data.draw(arrays(np.int32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=labels))
    counted = count_pixels(mask, classes)
    assert counted.tolist() == [int((mask == label).sum()) for label in range(classes + 1)]


def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    def large(name: str) -> Sample:
        return Sample(name, np.zeros((200, 200, 3), np.uint8), np.zeros((200, 200), np.uint8), name)

    peaks = []
    for images in (20, 80):
        tracemalloc.start()
        splits = {"calib": iter([sample("x")]), "test": (large(f"{index}") for index in range(images))}
        write_samples(tmp_path / "own", ["cat", "dog", "sky"], True, splits, ORIGIN)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + large("one").image.nbytes


@settings(max_examples=100, deadline=None)
@given(st.text("ab-.%\u00e9", min_size=1, max_size=120), st.integers(0, 2**34))
def test_headers_are_those_that_tarfile_writes(name: str, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.uname, info.gname = size, 0o444, "groupseg", "groupseg"
    assert tar_header(name, size) == info.tobuf(tarfile.PAX_FORMAT)


def test_long_class_lists_have_wide_masks(tmp_path: Path) -> None:
    wide = sample("a")
    wide.mask[0] = [0, 1, 255, 256, 300, 65535, 2, 3]
    write(tmp_path / "own", [wide], [sample("b")], classes=300)
    assert np.array_equal(read_sample(tmp_path / "own", "calib", "a").mask, wide.mask)
    assert read_json(tmp_path / "own/manifest.json")["splits"]["calib"]["pixels"][300] == 1


def test_drawn_images_are_stored_as_fine_jpeg(tmp_path: Path) -> None:
    smooth = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
    image = CaptionedImage("a", smooth, "a red dog", ["dog"])
    write_captions(tmp_path / "corpus", iter([image]))
    (found,) = read_captions(tmp_path / "corpus")
    assert (found.key, found.caption, found.nouns) == ("a", "a red dog", ["dog"])
    assert np.abs(found.image.astype(int) - smooth).max() <= 6
    with tarfile.open(tmp_path / "corpus/train-00000.tar") as tar:
        assert tar.getnames() == ["a.image.jpg", "a.json"]
        jpeg = Image.open(tar.extractfile("a.image.jpg"))
    assert {layer[1:3] for layer in jpeg.layer} == {(1, 1)}


@pytest.mark.parametrize(
    ("calib", "test", "message"),
    [
        (["a"], ["b", "a"], "'name of a' comes twice"),
        (["a", "a"], ["b"], "'name of a' comes twice"),
        ([], ["a"], "its calib split is empty"),
        (["a"], [], "its test split is empty"),
    ],
)
def test_faulty_splits_are_refused_and_replace_nothing(
    tmp_path: Path, calib: list[str], test: list[str], message: str
) -> None:
    folder = tmp_path / "own"
    write(folder, [sample("x")], [sample("y")])
    before = contents(folder)
    with pytest.raises(UserError, match=message):
        write(folder, [sample(key) for key in calib], [sample(key) for key in test])
    assert contents(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_the_same_picture_in_both_splits_is_refused(tmp_path: Path) -> None:
    twin = sample("a")
    twin = Sample("copy", twin.image, twin.mask, "copy")
    with pytest.raises(UserError, match="'name of a' of the calib split and 'copy' of the test split are the same"):
        write(tmp_path / "own", [sample("a")], [twin])
    # Within a split a picture may come twice: it weighs double, but nothing leaks.
    write(tmp_path / "own", [sample("a"), twin], [sample("b")])


def test_a_reader_that_fails_halfway_replaces_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    write(folder, [sample("x")], [sample("y")])
    before = contents(folder)

    def failing() -> Iterator[Sample]:
        yield sample("a")
        raise UserError("image.jpg is truncated.")

    with pytest.raises(UserError, match="truncated"):
        write_samples(folder, ["cat", "dog", "sky"], True, {"calib": failing()}, ORIGIN)
    assert contents(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_full_disk_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> BinaryIO:
        return open("/dev/full", "wb")

    monkeypatch.setattr("groupseg.datasets.shard_file.open", full, raising=False)
    with pytest.raises(UserError, match=r"Cannot write .*own: No space left on device. Free the space"):
        write(tmp_path / "own", [sample("x")], [sample("y")])
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".own.part").mkdir()
    (tmp_path / ".own.part/calib-00007.tar").write_text("half")
    write(tmp_path / "own", [sample("x")], [sample("y")])
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    assert not (tmp_path / "own/calib-00007.tar").exists()


def test_a_damaged_or_missing_shard_is_named(tmp_path: Path) -> None:
    write(tmp_path / "own", [sample("x")], [sample("y")])
    shard = tmp_path / "own/calib-00000.tar"
    shard.write_bytes(shard.read_bytes()[:700])
    with pytest.raises(UserError, match=r"calib-00000\.tar is damaged: .* run `dvc repro`"):
        list(read_samples(tmp_path / "own", "calib"))
    with pytest.raises(UserError, match="holds no train split"):
        list(read_samples(tmp_path / "own", "train"))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.mask.png", b"no image", "it holds an image that cannot be read"),
        ("x.mask.png", b"\x89PNG\r\n\x1a\n", "it holds an image that cannot be read"),
        ("x.json", b"{", "Expecting property name .*"),
        ("x.json", b"\xff", ".* can't decode byte 0xff .*"),
        ("x.json", b"{}", "'name' is missing in it"),
        ("x.mask.png", None, "'mask.png' is missing in it"),
    ],
)
def test_what_is_wrong_in_a_shard_is_said(name: str, content: bytes | None, reason: str, tmp_path: Path) -> None:
    write(tmp_path / "own", [sample("x")], [sample("y")])
    shard = tmp_path / "own/calib-00000.tar"
    with tarfile.open(shard) as tar:
        files = {member.name: read.read() for member in tar if (read := tar.extractfile(member))}
    assert name in files
    files[name] = content or b""
    with tarfile.open(shard, "w") as tar:
        for key, data in files.items():
            if key != name or content is not None:
                member = tarfile.TarInfo(key)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    with pytest.raises(UserError, match=rf"calib-00000\.tar is damaged: {reason}\. Delete it and run `dvc repro`"):
        list(read_samples(tmp_path / "own", "calib"))
