"""Prepared data sets: written, read back, and left alone when something is wrong."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import webdataset
from PIL import Image

from groupseg.datasets import writer
from groupseg.datasets.crossfit import read_crossfit
from groupseg.datasets.folder import read_folder
from groupseg.datasets.sample import CaptionedImage, Sample
from groupseg.datasets.shards import read_captions, read_class_list, read_sample, read_samples
from groupseg.datasets.writer import write_captions, write_files, write_samples
from groupseg.errors import UserError
from groupseg.files import read_json, sha256
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
    assert read_class_list(out) == (("cat", "dog", "sky"), False)
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
