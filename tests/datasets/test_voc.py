"""The layout of PASCAL VOC, and SBD's."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image

from groupseg.datasets.labelled import Item, LabelledFiles
from groupseg.datasets.names import class_list
from groupseg.datasets.voc import read_voc, voc_palette
from groupseg.errors import UserError
from groupseg.sources.tree import Merged, open_tree
from tests.datasets.layouts import EXTRA, TRAIN, VAL, pack


def read(folder: Path, calib: float | None = 2, **options: bool) -> LabelledFiles:
    return read_voc(open_tree(folder), calib, seed=0, **options)


def test_val_is_the_test_split_and_calib_is_drawn_from_train(voc: Path) -> None:
    files = read(voc)
    assert [item.name for item in files.splits["test"]] == ["e", "f"]
    assert len(files.splits["calib"]) == 2
    assert {item.name for item in files.splits["calib"]} < set("abcd")
    assert files.classes == class_list("voc")
    assert files.background


def test_every_mask_equals_what_pillow_says(real: Path) -> None:
    folder = real / "VOCdevkit" / "VOC2012"
    files = read(folder, calib=12)
    for split in ("calib", "test"):
        samples = list(files.samples(split))
        assert len(samples) == 12
        for sample in samples:
            expected = np.asarray(Image.open(folder / "SegmentationClass" / f"{sample.name}.png"))
            assert np.array_equal(sample.mask, expected)
            assert np.array_equal(sample.image, np.asarray(Image.open(folder / "JPEGImages" / f"{sample.name}.jpg")))
            assert sample.encoded == (folder / "JPEGImages" / f"{sample.name}.jpg").read_bytes()


@pytest.mark.parametrize("path", ["VOCdevkit", "VOCdevkit/VOC2012"])
def test_the_layout_is_found_however_deep_it_lies(real: Path, path: str) -> None:
    assert len(read(real / path).splits["test"]) == 12


def test_a_folder_without_the_layout_and_one_with_two_are_named(voc: Path, tmp_path: Path) -> None:
    (voc / "VOC2010/ImageSets/Segmentation").mkdir(parents=True)
    (voc / "VOC2010/ImageSets/Segmentation/val.txt").write_text("e\n")
    with pytest.raises(UserError, match=r"holds ImageSets/Segmentation/val\.txt in \. and in VOC2010/\. Name one"):
        read(voc)
    with pytest.raises(
        UserError, match=r"JPEGImages holds no ImageSets/Segmentation/val\.txt: no VOC layout lies there"
    ):
        read(voc / "JPEGImages")


@pytest.mark.parametrize(
    "path", ["SegmentationClass/e.png", "JPEGImages/e.jpg", "ImageSets/Segmentation/train.txt", "JPEGImages/a.jpg"]
)
def test_a_missing_file_is_named(voc: Path, path: str) -> None:
    (voc / path).unlink()
    other = path.replace("JPEGImages", "SegmentationClass").replace(".jpg", ".png")
    message = {".txt": f"{path} is missing", ".jpg": f"{other} has no image"}
    bare = path.replace("SegmentationClass", "JPEGImages").replace(".png", ".jpg")
    with pytest.raises(UserError, match=message.get(Path(path).suffix, f"{bare} has no mask")):
        read(voc)


def test_lists_that_overlap_are_refused(voc: Path) -> None:
    (voc / "ImageSets/Segmentation/val.txt").write_text("a\ne\n")
    with pytest.raises(UserError, match=r"train\.txt and .*val\.txt overlap: a in both"):
        read(voc)


def test_more_calibration_images_than_train_has_are_refused(voc: Path) -> None:
    with pytest.raises(UserError, match=r"source\.calib: 400 images asked for, but there are 4"):
        read(voc, 400)


def test_a_mask_of_another_size_is_refused(voc: Path) -> None:
    Image.new("L", (3, 2)).save(voc / "SegmentationClass/e.png")
    with pytest.raises(UserError, match=r"e\.jpg is \d+x\d+ pixels .* but .*e\.png is 3x2"):
        list(read(voc).samples("test"))


def test_a_mask_saved_as_colours_is_read_by_the_palette_of_voc(real: Path, tmp_path: Path) -> None:
    folder = real / "VOCdevkit/VOC2012"
    palette = Image.open(folder / "SegmentationClass/2007_000061.png").getpalette()
    assert palette is not None
    colours = {value: int.from_bytes(palette[3 * value : 3 * value + 3], "big") for value in (*range(21), 255)}
    assert voc_palette() == {colour: value for value, colour in colours.items()}
    (tmp_path / "VOC2012").symlink_to(folder)
    files = read(tmp_path)
    item = files.splits["test"][0]
    (tmp_path / "saved.png").write_bytes(files.tree.read(item.truth))
    Image.open(tmp_path / "saved.png").convert("RGB").save(tmp_path / "saved.png")
    mended = read(tmp_path).load(Item(item.name, item.image, "saved.png"))
    assert np.array_equal(mended.mask, files.load(item).mask)


def test_a_mask_smoothed_into_other_colours_is_refused(voc: Path) -> None:
    Image.new("RGB", (8, 8), (7, 7, 7)).save(voc / "SegmentationClass/e.png")
    with pytest.raises(UserError, match=r"e\.png holds 1 colours that no class has: #070707"):
        list(read(voc).samples("test"))


def test_a_value_outside_the_classes_is_refused(voc: Path) -> None:
    path = voc / "SegmentationClass/e.png"
    Image.fromarray(np.full_like(np.asarray(Image.open(path)), 21)).save(path)
    with pytest.raises(UserError, match=r"e\.png holds 21, outside the class list \(0\.\.20, and 255 = ignore\)"):
        list(read(voc).samples("test"))


def test_without_background_its_pixels_are_ignored(voc: Path) -> None:
    (one, *_), (other, *_) = (list(read(voc, background=flag).samples("test")) for flag in (True, False))
    assert not read(voc, background=False).background
    assert (one.mask == 0).any()
    assert np.array_equal(other.mask, np.where(one.mask == 0, 255, one.mask))


def test_without_calibration_there_is_no_such_split(voc: Path) -> None:
    assert list(read(voc, calib=None).splits) == ["test"]


def test_trainaug_is_train_with_what_sbd_adds_and_nothing_of_val(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUPSEG_CACHE", str(tmp_path / "cache"))
    tree = Merged([open_tree(path) for path in pack(tmp_path, "voc_aug")])
    files = read_voc(tree, calib=6, seed=0, augmented=True)
    assert [item.name for item in files.splits["test"]] == list(VAL)
    assert [item.name for item in files.splits["calib"]] == sorted(TRAIN + EXTRA)
    voc, sbd = (tmp_path / "unpacked" / path for path in ("VOCtrainval_11-May-2012.tar", "benchmark.tgz"))
    for sample in (*files.samples("calib"), *files.samples("test")):
        if sample.name in EXTRA:
            path = sbd / f"benchmark_RELEASE/dataset/cls/{sample.name}.mat"
            # As mmsegmentation's tools/dataset_converters/voc_aug.py reads it.
            expected = scipy.io.loadmat(path)["GTcls"][0]["Segmentation"][0]
        else:
            expected = np.asarray(Image.open(voc / f"VOCdevkit/VOC2012/SegmentationClass/{sample.name}.png"))
        assert np.array_equal(sample.mask, expected)


def test_a_broken_mask_of_sbd_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPSEG_CACHE", str(tmp_path / "cache"))
    pack(tmp_path, "voc_aug")
    name = f"benchmark.tgz/benchmark_RELEASE/dataset/cls/{EXTRA[0]}.mat"
    path = tmp_path / "unpacked" / name
    whole = path.read_bytes()
    for data in (whole[:150], whole[:300], b"nothing", b""):
        path.write_bytes(data)
        files = read_voc(open_tree(tmp_path / "unpacked"), calib=6, seed=0, augmented=True)
        with pytest.raises(UserError, match=rf"{name} cannot be read as a mask of SBD \(GTcls\.Segmentation\)"):
            list(files.samples("calib"))
    scipy.io.savemat(path, {"GTinst": 1})
    with pytest.raises(UserError, match="cannot be read as a mask of SBD"):
        list(files.samples("calib"))
