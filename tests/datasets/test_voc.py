"""The layout of PASCAL VOC."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.names import VOC_CLASSES
from groupseg.datasets.voc import read_voc
from groupseg.errors import UserError


def test_val_is_the_test_split_and_calib_is_drawn_from_train(voc: Path) -> None:
    files = read_voc(voc, calib=2, seed=0)
    assert [pair.name for pair in files.splits["test"]] == ["e", "f"]
    assert len(files.splits["calib"]) == 2
    assert {pair.name for pair in files.splits["calib"]} < set("abcd")
    assert files.classes == VOC_CLASSES
    assert files.background


def test_every_mask_equals_what_pillow_says(real: Path) -> None:
    folder = real / "VOCdevkit" / "VOC2012"
    files = read_voc(folder, calib=12, seed=0)
    for split in ("calib", "test"):
        samples = list(files.samples(split))
        assert len(samples) == 12
        for sample in samples:
            expected = np.asarray(Image.open(folder / "SegmentationClass" / f"{sample.name}.png"))
            assert np.array_equal(sample.mask, expected)
            assert np.array_equal(sample.image, np.asarray(Image.open(folder / "JPEGImages" / f"{sample.name}.jpg")))
            assert sample.encoded == (folder / "JPEGImages" / f"{sample.name}.jpg").read_bytes()


@pytest.mark.parametrize("part", ["JPEGImages", "SegmentationClass", "ImageSets/Segmentation"])
def test_a_missing_folder_is_named(voc: Path, part: str) -> None:
    (voc / part).rename(voc / "elsewhere")
    with pytest.raises(UserError, match=f"{part} is missing: no VOC layout lies there. Mend source.path"):
        read_voc(voc, 2, 0)


@pytest.mark.parametrize("path", ["SegmentationClass/e.png", "JPEGImages/e.jpg", "ImageSets/Segmentation/val.txt"])
def test_a_missing_file_is_named(voc: Path, path: str) -> None:
    (voc / path).unlink()
    with pytest.raises(UserError, match=f"{path} is missing"):
        read_voc(voc, 2, 0)


def test_lists_that_overlap_are_refused(voc: Path) -> None:
    (voc / "ImageSets/Segmentation/val.txt").write_text("a\ne\n")
    with pytest.raises(UserError, match=r"train\.txt and .*val\.txt overlap: a in both"):
        read_voc(voc, 2, 0)


def test_more_calibration_images_than_train_has_are_refused(voc: Path) -> None:
    with pytest.raises(UserError, match=r"source\.calib: 400 images asked for, but there are 4"):
        read_voc(voc, 400, 0)


def test_a_mask_of_another_size_is_refused(voc: Path) -> None:
    Image.new("L", (3, 2)).save(voc / "SegmentationClass/e.png")
    with pytest.raises(UserError, match=r"e\.png is 3x2 pixels, but .*e\.jpg is \d+x\d+"):
        list(read_voc(voc, 2, 0).samples("test"))


def test_a_colour_mask_is_refused(voc: Path) -> None:
    path = voc / "SegmentationClass/e.png"
    Image.open(path).convert("RGB").save(path)
    with pytest.raises(UserError, match=r"no mask: .* got mode RGB"):
        list(read_voc(voc, 2, 0).samples("test"))


def test_a_value_outside_the_classes_is_refused(voc: Path) -> None:
    path = voc / "SegmentationClass/e.png"
    Image.fromarray(np.full_like(np.asarray(Image.open(path)), 21)).save(path)
    with pytest.raises(UserError, match=r"e\.png holds 21, outside the class list \(0\.\.20, and 255 = ignore\)"):
        list(read_voc(voc, 2, 0).samples("test"))
