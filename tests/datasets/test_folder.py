"""The layout of one's own data."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.folder import read_folder
from groupseg.datasets.labelled import LabelledFiles
from groupseg.errors import UserError
from tests.datasets.layouts import MakeFolder, save_pair


def names(files: LabelledFiles, split: str) -> list[str]:
    return [pair.name for pair in files.splits[split]]


def write_lists(folder: Path, **lists: str) -> None:
    (folder / "splits").mkdir()
    for split, text in lists.items():
        (folder / "splits" / f"{split}.txt").write_text(text)


def test_every_mask_equals_what_pillow_says(real: Path) -> None:
    files = read_folder(real / "folder", calib=0.5, seed=0)
    assert not files.background
    assert len(files.classes) == 23
    assert len(files.splits["calib"]) == len(files.splits["test"]) == 8
    for split in ("calib", "test"):
        for sample in files.samples(split):
            values = np.asarray(Image.open(real / "folder" / "masks" / f"{sample.name}.png"))
            assert np.array_equal(sample.mask == 255, values == 255)
            assert np.array_equal(sample.mask[values < 255] - 1, values[values < 255])


def test_splits_are_drawn_and_disjoint(make_folder: MakeFolder) -> None:
    files = read_folder(make_folder(images=6), calib=2, seed=0)
    calib, test = names(files, "calib"), names(files, "test")
    assert len(calib) == 2
    assert len(test) == 4
    assert not set(calib) & set(test)


def test_lists_come_before_the_draw(make_folder: MakeFolder) -> None:
    folder = make_folder(images=6)
    write_lists(folder, test="photo 4\nphoto 1\n")
    files = read_folder(folder, calib=0.5, seed=0)
    assert names(files, "test") == ["photo 4", "photo 1"]
    assert len(names(files, "calib")) == 2
    assert not set(names(files, "calib")) & {"photo 1", "photo 4"}
    (folder / "splits/calib.txt").write_text("photo 0\n")
    assert names(read_folder(folder, calib=0.5, seed=0), "calib") == ["photo 0"]
    (folder / "splits/test.txt").unlink()
    assert names(read_folder(folder, calib=0.5, seed=0), "test") == [f"photo {index}" for index in range(1, 6)]


def test_background_first_means_values_stand_as_they_are(make_folder: MakeFolder) -> None:
    folder = make_folder(classes=["background", "cat", "dog"])
    files = read_folder(folder, calib=3, seed=0)
    assert files.background
    assert files.classes == ("cat", "dog")
    for sample in files.samples("test"):
        assert np.array_equal(sample.mask, np.asarray(Image.open(folder / "masks" / f"{sample.name}.png")))


def test_names_may_hold_folders_dots_and_signs(make_folder: MakeFolder) -> None:
    folder = make_folder()
    save_pair(folder, "south/100%.v2", "images", "masks", 2, seed=9)
    write_lists(folder, test="south/100%.v2\n")
    (sample,) = read_folder(folder, calib=1, seed=0).samples("test")
    assert sample.name == "south/100%.v2"
    assert sample.key == "south%2F100%25%2Ev2"


def test_a_turned_photograph_needs_a_mask_that_is_turned_too(make_folder: MakeFolder) -> None:
    folder = make_folder()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 5)).save(folder / "images/photo 0.jpg", exif=exif)
    write_lists(folder, test="photo 0\n")
    Image.new("L", (5, 8)).save(folder / "masks/photo 0.png")
    (sample,) = read_folder(folder, 1, 0).samples("test")
    assert sample.image.shape == (8, 5, 3)
    Image.new("L", (8, 5)).save(folder / "masks/photo 0.png")
    with pytest.raises(UserError, match=r"photo 0\.png is 8x5 pixels, but .*photo 0\.jpg is 5x8 \(turned as its EXIF"):
        list(read_folder(folder, 1, 0).samples("test"))


@pytest.mark.parametrize("part", ["images", "masks"])
def test_a_missing_folder_is_named(make_folder: MakeFolder, part: str) -> None:
    folder = make_folder()
    (folder / part).rename(folder / "elsewhere")
    with pytest.raises(UserError, match=f"{part} is missing. Mend source.path or run.folder"):
        read_folder(folder, 2, 0)


def test_a_missing_mask_is_named(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "masks/photo 3.png").unlink()
    with pytest.raises(UserError, match=r"masks/photo 3\.png is missing. Add the mask, or take .*photo 3\.jpg away"):
        read_folder(folder, 2, 0)


def test_a_missing_class_list_is_named(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "classes.txt").unlink()
    with pytest.raises(UserError, match=r"classes\.txt is missing"):
        read_folder(folder, 2, 0)


def test_two_images_of_one_name_are_refused(make_folder: MakeFolder) -> None:
    folder = make_folder()
    Image.new("RGB", (3, 3)).save(folder / "images/photo 0.png")
    with pytest.raises(UserError, match=r"photo 0\.jpg and .*photo 0\.png share a name"):
        read_folder(folder, 2, 0)


def test_a_listed_image_that_is_not_there_is_named(make_folder: MakeFolder) -> None:
    folder = make_folder()
    write_lists(folder, test="photo 1.jpg\n")
    with pytest.raises(UserError, match=r"test\.txt: 'photo 1\.jpg' names no image .* without their ending"):
        read_folder(folder, 2, 0)


def test_lists_that_overlap_are_refused(make_folder: MakeFolder) -> None:
    folder = make_folder()
    write_lists(folder, calib="photo 1\nphoto 2\n", test="photo 2\nphoto 3\n")
    with pytest.raises(UserError, match=r"calib\.txt and .*test\.txt overlap: photo 2 in both"):
        read_folder(folder, 2, 0)
