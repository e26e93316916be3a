"""One's own files in every layout: any list of classes beside the masks, any names of files, a class in nothing."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.readers import READERS
from groupseg.datasets.shards import read_samples
from groupseg.datasets.writer import write_files
from groupseg.io.files import read_json
from groupseg.onboard.find import look
from groupseg.sources.tree import open_tree
from tests.datasets.layouts import write_lists
from tests.datasets.test_class_lists import COLOURS, FORMS, NAMES
from tests.datasets.test_texts import ENCODED

Write = Callable[[Path, dict[str, np.ndarray]], None]


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def pairs(image: str, mask: str) -> Write:
    """Writes pictures of noise, and masks."""

    def write(folder: Path, masks: dict[str, np.ndarray]) -> None:
        for index, (name, values) in enumerate(masks.items()):
            noise = np.random.default_rng(index).integers(0, 256, (*values.shape, 3), np.uint8)
            save(folder / image.format(name), noise)
            save(folder / mask.format(name), values)

    return write


def voc(folder: Path, masks: dict[str, np.ndarray]) -> None:
    pairs("JPEGImages/{}.png", "SegmentationClass/{}.png")(folder, masks)
    write_lists(folder / "ImageSets/Segmentation", default=masks)


def coco(folder: Path, masks: dict[str, np.ndarray]) -> None:
    """Every label as a box, which paints the same as the masks of `stripes`."""
    pairs("photos/{}.jpg", "unused/{}.png")(folder, masks)
    images, shapes = [], []
    for index, (name, values) in enumerate(masks.items()):
        height, width = map(int, values.shape)
        images.append({"id": index, "file_name": f"{name}.jpg", "height": height, "width": width})
        for label in sorted(set(values.ravel().tolist()) - {0}):
            top = int(np.flatnonzero((values == label).any(axis=1))[0])
            box = [[0, top, width, top, width, top + 1, 0, top + 1]]
            shapes.append({"id": len(shapes), "image_id": index, "category_id": label, "segmentation": box})
    categories = [{"id": label, "name": name} for label, name in enumerate(NAMES) if label]
    content = {"images": images, "annotations": shapes, "categories": categories}
    (folder / "a.json").write_text(json.dumps(content))


# How each layout is written, by the format that reads it; and without a list, for `init` to know it by.
LAYOUTS: dict[str, Write] = {
    "folder": pairs("images/{}.jpg", "masks/{}.png"),
    "voc": voc,
    "ade20k": pairs("images/validation/{}.jpg", "annotations/validation/{}.png"),
    "cityscapes": pairs("leftImg8bit/val/{}_leftImg8bit.png", "gtFine/val/{}_gtFine_labelIds.png"),
    "coco_object": pairs("images/val2017/{}.jpg", "annotations/val2017/{}.png"),
    "coco_json": coco,
}
WITH_LISTS = [name for name in LAYOUTS if name != "coco_json"]


def stripes(top: int) -> np.ndarray:
    """A mask whose rows are 0, 1, ..., top, 0, 0."""
    return np.repeat(np.array([*range(top + 1), 0, 0], np.uint8)[:, None], 7, axis=1)


def read(folder: Path, layout: str) -> LabelledFiles:
    options = {"annotations": "a.json"} if layout == "coco_json" else {}
    files: LabelledFiles = READERS[layout](open_tree(folder), None, 0, **options)
    return files


def check(files: LabelledFiles, masks: dict[str, np.ndarray]) -> None:
    """Whether classes and masks are those that were written."""
    assert files.classes == tuple(NAMES[1:])
    assert files.background
    found = {sample.name: sample.mask for sample in files.samples("test")}
    assert found.keys() == {unicodedata.normalize("NFC", name) for name in masks}
    for name, values in masks.items():
        assert np.array_equal(found[unicodedata.normalize("NFC", name)], values), name


@pytest.mark.parametrize("layout", WITH_LISTS)
@pytest.mark.parametrize("form", FORMS)
def test_a_list_beside_the_masks_is_taken_whatever_the_layout(tmp_path: Path, layout: str, form: str) -> None:
    masks = {f"p{index}": stripes(4) for index in range(8)}
    LAYOUTS[layout](tmp_path, masks)
    file, write = FORMS[form]
    # COCO-Stuff brings a labels.txt of its own, which is no list of the values.
    path = tmp_path / ("classes.txt" if layout == "coco_object" and file == "labels.txt" else file)
    for encoding in ENCODED if form == "plain" else ["utf-8"]:
        path.write_bytes(ENCODED[encoding]("\r\n".join(write(NAMES)) + "\r\n"))
        check(read(tmp_path, layout), masks)
    found = look(tmp_path)
    assert found.faults == ()
    assert found.source["format"] == layout
    assert not any("taken for those of" in note for note in found.notes)


@pytest.mark.parametrize("layout", ["folder", "voc"])
@pytest.mark.parametrize("form", ["cvat", "colours"])
def test_masks_are_read_by_the_colours_of_the_list(tmp_path: Path, layout: str, form: str) -> None:
    masks = {f"p{index}": stripes(4) for index in range(8)}
    colours = np.array([[code >> 16, code >> 8 & 255, code & 255] for code in COLOURS], np.uint8)
    LAYOUTS[layout](tmp_path, {name: colours[values][..., 0] for name, values in masks.items()})
    file, write = FORMS[form]
    (tmp_path / file).write_text("\n".join(write(NAMES)) + "\n")
    place = "masks" if layout == "folder" else "SegmentationClass"
    for order in (None, [3, 1, 4, 0, 2]):
        for name, values in masks.items():
            if order is None:
                save(tmp_path / place / f"{name}.png", colours[values])
            else:  # a palette in another order
                image = Image.fromarray(np.argsort(order).astype(np.uint8)[values])
                image.putpalette(colours[order].ravel().tolist())
                image.save(tmp_path / place / f"{name}.png")
        check(read(tmp_path, layout), masks)


@pytest.mark.parametrize("layout", [name for name in WITH_LISTS if name != "folder"])
def test_without_a_list_it_is_said_whose_classes_are_taken(tmp_path: Path, layout: str) -> None:
    masks = {f"p{index}": stripes(4) + (9 if layout == "cityscapes" else 0) for index in range(8)}
    LAYOUTS[layout](tmp_path, masks)
    (note,) = (note for note in look(tmp_path).notes if "no list of classes lies beside the masks" in note)
    assert "If they are your own, write " in note
    # As it says.
    (tmp_path / "classes.txt").write_text("\n".join(NAMES) + "\n")
    LAYOUTS[layout](tmp_path, {name: stripes(4) for name in masks})
    check(read(tmp_path, layout), {name: stripes(4) for name in masks})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_class_in_nothing_is_told_whatever_the_layout(
    tmp_path: Path, layout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    masks = {f"p{index}": stripes(3) for index in range(8)}
    LAYOUTS[layout](folder, masks)
    (folder / "classes.txt").write_text("\n".join(NAMES) + "\n")
    write_files(tmp_path / "out", read(folder, layout), {})
    told = "1 of 4 classes in no image, and so in no mean. If images show them, "
    err = capsys.readouterr().err
    assert told in err
    assert f": {NAMES[4]}" in err
    assert any(told in note for note in read_json(tmp_path / "out/classes.json")["notes"])
    assert any(told in note for note in look(folder).notes)
    counted = read_json(tmp_path / "out/findings.json")["labels"]
    assert {name: counted[name]["test"]["images"] for name in NAMES} == dict(zip(NAMES, (8, 8, 8, 8, 0), strict=True))


# What people call their files.
AWKWARD = [
    "a.b.c", "v1.0.final", "my photo (1)", "50%", "a%20b", "a b", "100%25", "it's", 'say "x"', "#1", "-x", "a,b;c",
    "2021", "007", "null", "true", "1e3", "2021-05-17", "été", unicodedata.normalize("NFD", "forêt"), "鳥", "😀",
    "a&b=c?d", "sub/same", "other/same", "x" * 120, "A", "[1]", "{a}", "a:b", "$HOME", "~a", "@a", "*", "a_mask",
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_may_be_called_anything(tmp_path: Path, layout: str) -> None:
    masks = {name: stripes(4) for name in AWKWARD}
    folder = tmp_path / "data"
    folder.mkdir()
    LAYOUTS[layout](folder, masks)
    (folder / "classes.txt").write_text("\n".join(NAMES) + "\n")
    files = read(folder, layout)
    check(files, masks)
    write_files(tmp_path / "out", files, {})
    names = [sample.name for sample in read_samples(tmp_path / "out", "test")]
    assert sorted(names) == sorted(unicodedata.normalize("NFC", name) for name in AWKWARD)
    assert look(folder).faults == ()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_slashes_of_windows_are_slashes(tmp_path: Path, layout: str) -> None:
    """What some programs unpack on Windows, and others on Linux, from archives that were made there."""
    masks = {f"sub/p{index}": stripes(4) for index in range(8)}
    made, flat = tmp_path / "made", tmp_path / "flat"
    made.mkdir()
    flat.mkdir()
    LAYOUTS[layout](made, masks)
    for path in made.rglob("*"):
        if path.is_file():
            path.rename(flat / str(path.relative_to(made)).replace("/", "\\"))
    (flat / "classes.txt").write_text("\n".join(NAMES) + "\n")
    check(read(flat, layout), masks)
    assert look(flat).faults == ()


@settings(max_examples=25, deadline=None)
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\\u2028\u2029"), min_size=1)
        .filter(lambda name: not name.startswith(".") and name == name.strip() and len(name.encode()) < 200),
        min_size=1, max_size=4, unique_by=lambda name: unicodedata.normalize("NFC", name).casefold(),
    )
)  # fmt: skip
def test_any_names_are_found(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    for layout in ("folder", "coco_json"):
        folder = tmp_path_factory.mktemp("any")
        masks = {name: stripes(4) for name in names}
        LAYOUTS[layout](folder, masks)
        (folder / "classes.txt").write_text("\n".join(NAMES) + "\n")
        check(read(folder, layout), masks)
