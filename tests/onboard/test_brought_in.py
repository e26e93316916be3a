"""Data as people have it: what `data init` says of it, what to do then, and what `prepare` makes of it."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from groupseg.datasets.shards import read_prepared_classes, read_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json
from groupseg.onboard.find import look
from groupseg.onboard.section import data_set_name
from stages import prepare
from stages.params import load_params
from tests.commands import call
from tests.datasets.exports import EXPORTS, cvat_coco, labels_of, picture
from tests.datasets.layouts import encoded
from tests.datasets.test_texts import ENCODED
from tests.onboard.conftest import Make, mask_of

Init = Callable[..., str]


@pytest.fixture
def init(project: Path, capsys: pytest.CaptureFixture[str]) -> Init:
    """Runs `data init` on a folder as the data set `mine`, and returns what it prints."""

    def run(folder: Path, *options: str) -> str:
        # As the message says of a section that is there: take it out.
        (project / "params.yaml").write_text(shipped, "utf-8")
        assert call("data", "init", str(folder), "--name", "mine", "--run", *options) == 0
        return capsys.readouterr().out

    shipped = (project / "params.yaml").read_text("utf-8")
    return run


def prepared(project: Path) -> dict[str, NDArray[Any]]:
    """Prepares `mine`, and returns the masks by the names of the images."""
    prepare.main("mine")
    return {sample.name: sample.mask for sample in read_samples(project / "data/prepared/mine", "test")}


def notes(project: Path) -> list[str]:
    """What stood out when `mine` was prepared, which goes with its figures."""
    found: list[str] = read_json(project / "data/prepared/mine/classes.json").get("notes", [])
    return found


def stripes(values: Sequence[int]) -> NDArray[np.uint8]:
    """A mask with every one of some values."""
    return np.array(values, np.uint8)[np.arange(80).reshape(8, 10) // 8 % len(values)]


GREY = [(0, 255), (0, 127, 254), (0, 127, 255), (0, 85, 170, 255), (0, 2, 4), (1, 2, 3), (50, 100)]
NAMES = ("background", "rock", "sand", "sea")


@pytest.mark.parametrize("values", GREY)
def test_grey_values_get_their_names_as_the_message_says(
    project: Path, make: Make, init: Init, values: tuple[int, ...]
) -> None:
    names = NAMES[: len(values)]
    folder = make([stripes(values)] * 12, names)
    said = init(folder)
    assert "To mend before it can be prepared" in said
    assert ("255, which means unknown, is in all" in said) == (values == (0, 255))
    with pytest.raises(UserError, match=r"no pixel is of a class|12 of 12 images cannot be used"):
        prepare.main("mine")
    lines = re.findall(r"`(\d+: \w+)`", said)
    assert lines == [f"{value}: {name}" for value, name in zip(values, names, strict=True)]
    (folder / "classes.txt").write_text("\n".join(lines) + "\n")
    assert "To mend" not in init(folder)
    expected = stripes(range(len(values)))
    assert all(np.array_equal(mask, expected) for mask in prepared(project).values())
    assert read_prepared_classes(project / "data/prepared/mine") == (names[1:], True)


@pytest.mark.parametrize("values", [values for values in GREY if values[0] == 0])
def test_without_a_list_the_values_are_named_that_it_must_hold(make: Make, values: tuple[int, ...]) -> None:
    folder = make([stripes(values)] * 3)
    (fault,) = look(folder).faults
    assert "classes.txt is missing. The masks hold 0" in fault
    example = {(0, 255): "`255: `", (0, 127, 254): "`254: cat`"}
    assert example.get(values, "") in fault
    lines = [f"{value}: {name}" for value, name in zip(values, NAMES, strict=False)]
    (folder / "classes.txt").write_text("\n".join(lines) + "\n")
    assert look(folder).faults == ()


def test_a_value_in_all_masks_that_the_list_leaves_out_is_told_with_the_figures(
    project: Path, make: Make, init: Init
) -> None:
    for names in (("background", "rock"), ("rock", "sand")):
        folder = make([stripes((0, 1, 1, 0, 1, 1, 0, 1, 1, 255))] * 4, names, names[0])
        said = init(folder)
        assert "the masks hold 0..1, and 255, ignored" in said
        prepared(project)
        (note,) = notes(project)
        line = f"255: {names[1] if names[0] == 'background' else names[0]}"
        assert note == (
            "unknown pixels are in every image. If 255 is a class, begin each line of the list of classes with its"
            f" value, such as {line}."
        )
        assert note in said
    # Whoever lists it as unknown knows.
    (folder / "classes.txt").write_text("0: rock\n1: sand\n255: void\n")
    assert "unknown pixels are in every image" not in init(folder)


def test_shapes_wholly_covered_by_others_are_named_by_both(
    project: Path, tmp_path: Path, init: Init, capsys: pytest.CaptureFixture[str]
) -> None:
    """Brushes of CVAT, all of which claim to be crowds, on which somebody painted the cup over once more."""
    folder = tmp_path / "export"
    cvat_coco(folder)
    path = folder / "annotations/instances_default.json"
    data = json.loads(path.read_text())
    cups = [shape for shape in data["annotations"] if shape["category_id"] == 2]
    data["annotations"] += [
        {**cup, "id": 100 + index, "category_id": 3, "segmentation": half}
        for index, cup in enumerate(cups)
        for half in halves(cup["image_id"] - 1)
    ]
    for index, shape in enumerate(data["annotations"]):
        shape["id"] = index
    path.write_text(json.dumps(data))
    told = f"{len(cups)} shapes wholly covered by smaller ones of other classes, and not seen."
    assert told in init(folder)
    masks = prepared(project)
    assert told in capsys.readouterr().err
    assert [note for note in notes(project) if told in note]
    (found,) = (
        one["names"] for one in read_json(project / "data/prepared/mine/findings.json")["notes"] if told in one["text"]
    )
    assert len(found) == len(cups)
    assert all(np.array_equal(masks[str(index)] == 1, labels_of(index) == 1) for index in range(3))


def halves(index: int) -> list[dict[str, object]]:
    """The cup of a scene in two parts."""
    cup = labels_of(index) == 2
    left = cup & (np.arange(12) < 3)
    return [encoded(left), encoded(cup & ~left)]


@pytest.mark.parametrize("folder", ["2021", "null", "?0"])
def test_a_folder_may_be_called_anything(project: Path, make: Make, folder: str) -> None:
    (project / "data/raw").mkdir(parents=True)
    there = make([mask_of(1)] * 4, ["background", "cat"], folder).rename(project / "data/raw" / folder)
    assert call("data", "init", str(there), "--run") == 0
    run = load_params().run
    assert (run.name, run.datasets) == (data_set_name(there), [data_set_name(there)])
    prepare.main(run.name)
    assert len(list(read_samples(project / f"data/prepared/{run.name}", "test"))) == 4


@pytest.mark.parametrize("encoding", ENCODED)
def test_a_json_is_found_whatever_its_encoding(tmp_path: Path, encoding: str) -> None:
    cvat_coco(tmp_path)
    path = tmp_path / "annotations/instances_default.json"
    path.write_bytes(ENCODED[encoding](path.read_text()))
    assert look(tmp_path).source["annotations"] == "annotations/instances_default.json"
    assert look(tmp_path).faults == ()


@pytest.mark.parametrize("orientation", range(2, 9))
def test_masks_on_the_stored_pixels_of_turned_photographs(
    project: Path, make: Make, init: Init, orientation: int
) -> None:
    corner = np.zeros((8, 8 if orientation < 5 else 10), np.uint8)
    corner[:3, :2] = 1
    folder = make([corner] * 6, ["background", "cat"])
    exif = Image.Exif()
    exif[0x0112] = orientation
    for path in sorted((folder / "images").iterdir())[:4]:
        Image.open(path).save(path, exif=exif)
    said = init(folder)
    remedy = "set source.exif_transpose_masks: true"
    assert remedy in said
    if orientation < 5:
        assert "4 images turned by the EXIF orientation, the masks left as they are." in said
    else:
        with pytest.raises(UserError, match=f"4 of 6 images cannot be used|{remedy}"):
            prepare.main("mine")
    params = project / "params.yaml"
    text = params.read_text("utf-8")
    assert text.count("path: ., crossfit") == 1
    params.write_text(text.replace("path: ., crossfit", "path: ., exif_transpose_masks: true, crossfit"), "utf-8")
    masks = prepared(project)
    for index in range(6):
        stored = Image.fromarray(corner)
        stored.getexif()[0x0112] = orientation if index < 4 else 1
        assert np.array_equal(masks[f"p{index}"], np.asarray(ImageOps.exif_transpose(stored))), index
    assert any("4 images turned by the EXIF orientation, and the masks with them" in note for note in notes(project))


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
PAGE = b"<!DOCTYPE html><html><head><title>Quota exceeded</title></head></html>"


@pytest.mark.parametrize(("content", "said"), [(POINTER, "run `git lfs pull`"), (PAGE, "is a web page")])
@pytest.mark.parametrize("place", ["images/p1.jpg", "masks/p1.png", "classes.txt"])
def test_what_lies_in_the_place_of_a_file_is_named(make: Make, content: bytes, said: str, place: str) -> None:
    folder = make([mask_of(1)] * 4, ["background", "cat"])
    (folder / place).write_bytes(content)
    (fault,) = look(folder).faults
    assert place in fault
    assert said in fault.replace("Run `", "run `")


def test_what_lies_in_the_place_of_a_json_is_named(tmp_path: Path) -> None:
    cvat_coco(tmp_path)
    path = tmp_path / "annotations/instances_default.json"
    for content, said in ((POINTER, "is a Git LFS pointer"), (PAGE, "is a web page")):
        path.write_bytes(content)
        (fault,) = look(tmp_path, "annotations/instances_default.json").faults
        assert f"instances_default.json {said}" in fault
        with pytest.raises(UserError, match=f"instances_default.json {said}"):
            look(tmp_path)


def test_json_of_ones_own_that_is_called_as_cocos_is(project: Path, tmp_path: Path, init: Init) -> None:
    folder = tmp_path / "export"
    export = cvat_coco(folder)
    (folder / "annotations/instances_default.json").rename(folder / "annotations/instances_val2017.json")
    said = init(folder)
    assert "images and annotations/instances_val2017.json in the format of COCO" in said
    masks = prepared(project)
    assert all(np.array_equal(masks[name], labels) for name, labels in export.masks.items())


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".TIFF"])
def test_masks_of_any_lossless_kind_are_read(project: Path, make: Make, init: Init, suffix: str) -> None:
    folder = make([mask_of(1)] * 4, ["background", "cat"])
    for path in (folder / "masks").iterdir():
        Image.open(path).save(path.with_suffix(suffix))
        if suffix != ".png":
            path.unlink()
    assert "To mend" not in init(folder)
    assert all(np.array_equal(mask, mask_of(1)) for mask in prepared(project).values())


def test_of_masks_that_are_jpegs_it_is_said_so(make: Make) -> None:
    folder = make([mask_of(1)] * 4, ["background", "cat"])
    for path in (folder / "masks").iterdir():
        Image.open(path).save(path.with_suffix(".jpg"))
    assert look(folder).faults == ()
    for path in (folder / "masks").glob("*.png"):
        path.unlink()
    assert any("got JPEG. It blurs the numbers: save the mask as PNG" in fault for fault in look(folder).faults)


def test_brushes_of_label_studio_lead_to_what_can_be_read(tmp_path: Path) -> None:
    for index in range(3):
        picture(tmp_path / f"task-{index}-annotation-{index}-by-1-tag-cup-0.png", index)
    with pytest.raises(UserError, match=r"masks of Label Studio's brushes, .* Export the project as COCO, or put each"):
        look(tmp_path)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_class_in_nothing_is_told_whatever_the_export(
    project: Path, tmp_path: Path, init: Init, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    EXPORTS[name](folder)
    absent = add_class(folder)
    said = init(folder)
    prepared(project)
    err = capsys.readouterr().err
    (told,) = (note for note in notes(project) if " in no image, and so in no mean. " in note)
    assert absent is None or told.endswith(f": {absent}")
    assert told in said
    assert told in err


def add_class(folder: Path) -> str | None:
    """Lists a class that nothing is of; those of published data sets have such ones already."""
    for path in folder.rglob("*.json"):
        data = json.loads(path.read_text())
        data["categories"].append({"id": 90, "name": "unicorn", "supercategory": "plate"})
        path.write_text(json.dumps(data))
    lines = {"labelmap.txt": "unicorn:9,9,9::", "class_names.txt": "\nunicorn", "_classes.csv": "4, unicorn\r\n"}
    lists = [path for file in lines for path in folder.rglob(file)]
    for path in lists:
        path.write_text(path.read_text() + lines[path.name])
    return "unicorn" if lists or list(folder.rglob("*.json")) else None
