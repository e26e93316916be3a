"""The layout of one's own data."""

import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.folder import read_folder
from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.sample import ignore_value
from groupseg.errors import UserError
from groupseg.sources.tree import open_tree
from tests.datasets.layouts import MakeFolder, save_pair, write_lists


def read(folder: Path, calib: float | None = 2, seed: int = 0, **options: int) -> LabelledFiles:
    return read_folder(open_tree(folder), calib, seed, **options)


def names(files: LabelledFiles, split: str) -> list[str]:
    return [item.name for item in files.splits[split]]


def test_every_mask_equals_what_pillow_says(real: Path) -> None:
    files = read(real / "folder", calib=0.5, seed=0)
    assert not files.background
    assert len(files.classes) == 23
    assert len(files.splits["calib"]) == len(files.splits["test"]) == 8
    for split in ("calib", "test"):
        for sample in files.samples(split):
            values = np.asarray(Image.open(real / "folder" / "masks" / f"{sample.name}.png"))
            assert np.array_equal(sample.mask == 255, values == 255)
            assert np.array_equal(sample.mask[values < 255] - 1, values[values < 255])


def test_splits_are_drawn_and_disjoint(make_folder: MakeFolder) -> None:
    files = read(make_folder(images=6), calib=2, seed=0)
    calib, test = names(files, "calib"), names(files, "test")
    assert len(calib) == 2
    assert len(test) == 4
    assert not set(calib) & set(test)


def test_lists_come_before_the_draw(make_folder: MakeFolder) -> None:
    folder = make_folder(images=6)
    write_lists(folder / "splits", test=["photo 4", "photo 1"])
    files = read(folder, calib=0.5, seed=0)
    assert names(files, "test") == ["photo 4", "photo 1"]
    assert len(names(files, "calib")) == 2
    assert not set(names(files, "calib")) & {"photo 1", "photo 4"}
    (folder / "splits/calib.txt").write_text("photo 0\n")
    assert names(read(folder, calib=0.5, seed=0), "calib") == ["photo 0"]
    (folder / "splits/test.txt").unlink()
    assert names(read(folder, calib=0.5, seed=0), "test") == [f"photo {index}" for index in range(1, 6)]


def test_background_first_means_values_stand_as_they_are(make_folder: MakeFolder) -> None:
    folder = make_folder(classes=["background", "cat", "dog"])
    files = read(folder, calib=3, seed=0)
    assert files.background
    assert files.classes == ("cat", "dog")
    for sample in files.samples("test"):
        assert np.array_equal(sample.mask, np.asarray(Image.open(folder / "masks" / f"{sample.name}.png")))


def test_names_may_hold_folders_dots_and_signs(make_folder: MakeFolder) -> None:
    folder = make_folder()
    save_pair(folder, "south/100%.v2", "images", "masks", 2, seed=9)
    write_lists(folder / "splits", test=["south/100%.v2"])
    (sample,) = read(folder, calib=1, seed=0).samples("test")
    assert sample.name == "south/100%.v2"
    assert sample.key == "south%2F100%25%2Ev2"


def test_a_turned_photograph_needs_a_mask_that_is_turned_too(make_folder: MakeFolder) -> None:
    folder = make_folder()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 5)).save(folder / "images/photo 0.jpg", exif=exif)
    write_lists(folder / "splits", test=["photo 0"])
    Image.new("L", (5, 8)).save(folder / "masks/photo 0.png")
    (sample,) = read(folder, 1, 0).samples("test")
    assert sample.image.shape == (8, 5, 3)
    Image.new("L", (8, 5)).save(folder / "masks/photo 0.png")
    with pytest.raises(UserError, match=r"photo 0\.jpg is 5x8 pixels \(turned as its EXIF.*photo 0\.png is 8x5"):
        list(read(folder, 1, 0).samples("test"))


def test_a_zip_of_a_folder_is_read_as_the_folder_is(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w") as file:
        for member in (*sorted(folder.rglob("*.jpg")), *sorted(folder.rglob("*.png")), folder / "classes.txt"):
            file.write(member, Path("my data") / member.relative_to(folder))
    unpacked, packed = (list(read(place).samples("test")) for place in (folder, path))
    assert [sample.name for sample in packed] == [sample.name for sample in unpacked]
    for one, other in zip(packed, unpacked, strict=True):
        assert np.array_equal(one.mask, other.mask)
        assert one.encoded == other.encoded


def test_names_with_accents_meet_however_the_system_writes_them(make_folder: MakeFolder) -> None:
    folder = make_folder(images=0)
    (folder / "images").mkdir()
    (folder / "masks").mkdir()
    Image.new("RGB", (3, 3)).save(folder / "images" / unicodedata.normalize("NFD", "Zürich 東京.png"))
    Image.new("L", (3, 3)).save(folder / "masks" / unicodedata.normalize("NFC", "Zürich 東京.png"))
    write_lists(folder / "splits", test=[unicodedata.normalize("NFC", "Zürich 東京")])
    (sample,) = read(folder, calib=0.1).samples("test")
    assert sample.name == unicodedata.normalize("NFC", "Zürich 東京")


def test_without_calibration_images_all_are_judged_or_those_that_are_listed(make_folder: MakeFolder) -> None:
    folder = make_folder(images=3)
    assert {split: len(items) for split, items in read(folder, calib=None).splits.items()} == {"test": 3}
    write_lists(folder / "splits", test=["photo 1"])
    assert names(read(folder, calib=None), "test") == ["photo 1"]
    write_lists(folder / "splits", calib=["photo 0"])
    with pytest.raises(UserError, match=r"calib\.txt lists images to calibrate on, but source\.crossfit"):
        read(folder, calib=None)


@pytest.mark.parametrize(
    ("classes", "ignore", "background", "labels"),
    [
        (["cat", "dog", "sky"], 9, False, {0: 1, 1: 2, 2: 3, 9: 255}),
        (["background", "cat", "dog"], 9, True, {0: 0, 1: 1, 2: 2, 9: 255}),
        (["background", "cat", "dog"], 0, False, {0: 255, 1: 1, 2: 2}),
    ],
)
def test_another_value_is_ignored(
    make_folder: MakeFolder, classes: list[str], ignore: int, background: bool, labels: dict[int, int]
) -> None:
    folder = make_folder(classes, images=1)
    values = np.array([list(labels)], np.uint8)
    Image.fromarray(values).save(folder / "masks/photo 0.png")
    Image.new("RGB", values.shape[::-1]).save(folder / "images/photo 0.jpg")
    files = read(folder, calib=None, ignore=ignore)
    assert files.background == background
    assert ignore_value(len(files.classes)) == 255
    (sample,) = files.samples("test")
    assert sample.mask[0].tolist() == list(labels.values())


@pytest.mark.parametrize(("classes", "ignore"), [(["cat", "dog"], 1), (["cat", "dog"], 0), (["background", "cat"], 1)])
def test_a_class_cannot_be_ignored(make_folder: MakeFolder, classes: list[str], ignore: int) -> None:
    with pytest.raises(UserError, match=rf"source\.ignore: {ignore} is a class, line {ignore + 1} of .*classes\.txt"):
        read(make_folder(classes), ignore=ignore)


def test_masks_saved_as_colours_are_read_by_the_palette_of_the_folder(make_folder: MakeFolder) -> None:
    folder = make_folder(["background", "cat", "dog"], images=2)
    write_lists(folder, palette=["#000000", "128 0 0", "0, 128, 255", "255 = #ffffff"])
    colours = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 255), 255: (255, 255, 255)}
    truth = np.array([[0, 1, 2, 255], [255, 2, 1, 0]], np.uint8)
    for index, mode in enumerate(("RGB", "RGBA")):
        Image.fromarray(np.array([[colours[value] for value in row] for row in truth.tolist()], np.uint8)).convert(
            mode
        ).save(folder / f"masks/photo {index}.png")
        Image.new("RGB", (4, 2)).save(folder / f"images/photo {index}.jpg")
    for sample in read(folder, calib=None).samples("test"):
        assert np.array_equal(sample.mask, truth)
    Image.new("RGB", (4, 2), (127, 0, 0)).save(folder / "masks/photo 1.png")
    with pytest.raises(
        UserError, match=r"photo 1\.png holds 1 colours that no class has: #7f0000\. Save class numbers"
    ):
        list(read(folder, calib=None).samples("test"))
