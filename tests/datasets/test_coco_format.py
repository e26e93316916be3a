"""JSON in the format of COCO as tools write it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.coco_json import read_coco_json
from groupseg.datasets.labelled import LabelledFiles
from groupseg.errors import NamedFault, UserError
from groupseg.sources.tree import open_tree
from tests.datasets.test_texts import ENCODED

Write = Callable[[Any], Any]
# How a tool may write an id, and an area or a size.
IDS: dict[str, Write] = {"int": int, "float": float, "text": str, "float as text": lambda number: f"{number}.0"}
AREAS: dict[str, Write] = {
    "int": int, "float": float, "text": str, "null": lambda _: None, "zero": lambda _: 0, "nan": lambda _: float("nan"),
}  # fmt: skip
SIZES: dict[str, Write] = {"int": int, "float": float, "text": str}


def example(image: Write = int, shape: Write = int, area: Write = int, size: Write = int) -> dict[str, Any]:
    """Two images, on each a cup on a table; the tool writes ids of images and in annotations each in its way."""
    images = [
        {"id": image(number), "file_name": f"{number}.jpg", "height": size(6), "width": size(8)} for number in (0, 1)
    ]
    boxes = {7: [0, 0, 8, 0, 8, 5, 0, 5], 10: [2, 2, 4, 2, 4, 4, 2, 4]}
    annotations = [
        {
            "id": 2 * number + place, "image_id": shape(number), "category_id": shape(key), "segmentation": [box],
            "area": area(40 if key == 7 else 4), "iscrowd": False,
        }
        for number in (0, 1)
        for place, (key, box) in enumerate(boxes.items())
    ]  # fmt: skip
    categories = [{"id": image(10), "name": "cup"}, {"id": image(7), "name": "table"}]
    return {"images": images, "categories": categories, "annotations": annotations}


EXPECTED = np.zeros((6, 8), int)
EXPECTED[:5] = 1
EXPECTED[2:4, 2:4] = 2


def read(folder: Path, data: dict[str, Any] | bytes) -> LabelledFiles:
    (folder / "images").mkdir(exist_ok=True)
    for number in (0, 1):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(folder / f"images/{number}.jpg")
    (folder / "a.json").write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return read_coco_json(open_tree(folder), None, 0, "a.json")


def check(files: LabelledFiles) -> None:
    assert files.classes == ("table", "cup")
    for sample in files.samples("test"):
        assert np.array_equal(sample.mask, EXPECTED)


@pytest.mark.parametrize("shape", IDS)
@pytest.mark.parametrize("image", IDS)
def test_an_id_is_one_whatever_its_type(tmp_path: Path, image: str, shape: str) -> None:
    check(read(tmp_path, example(IDS[image], IDS[shape])))


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("size", SIZES)
def test_areas_and_sizes_may_be_anything_that_says_a_number(tmp_path: Path, area: str, size: str) -> None:
    check(read(tmp_path, example(area=AREAS[area], size=SIZES[size])))


@pytest.mark.parametrize("encoding", ENCODED)
def test_every_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    check(read(tmp_path, ENCODED[encoding](json.dumps(example()))))


def test_ids_that_are_words_stay_words_and_come_after_numbers(tmp_path: Path) -> None:
    data = example(lambda number: f"i{number}", lambda number: f"i{number}")
    # As words, "i10" comes before "i7".
    assert read(tmp_path, data).classes == ("cup", "table")
    data["categories"].append({"id": 3, "name": "fork"})
    assert read(tmp_path, data).classes == ("fork", "cup", "table")


def test_the_same_id_in_two_types_is_there_twice(tmp_path: Path) -> None:
    data = example()
    data["images"][1]["id"] = "0"
    with pytest.raises(UserError, match="image id 0 is there more than once"):
        read(tmp_path, data)


@pytest.mark.parametrize("listed", ["0.jpg", "images/0.jpg", "./0.jpg", "images\\\\0.jpg", "x/0.jpg"])
def test_a_file_listed_twice_is_named_with_its_ids_and_mended_as_the_message_says(tmp_path: Path, listed: str) -> None:
    data = example()
    data["images"].append({"id": 8, "file_name": listed, "height": 6, "width": 8})
    data["annotations"][1]["image_id"] = 8
    with pytest.raises(NamedFault, match=r"a\.json lists images/0\.jpg as ids 0 and 8: one file more than once\. Take"):
        read(tmp_path, data)
    del data["images"][-1]
    data["annotations"][1]["image_id"] = 0
    check(read(tmp_path, data))


def test_polygons_that_are_shares_of_the_image_are_taken_for_such(tmp_path: Path) -> None:
    data = example()
    for annotation in data["annotations"]:
        (polygon,) = annotation["segmentation"]
        annotation["segmentation"] = [[n / (6 if place % 2 else 8) for place, n in enumerate(polygon)]]
    files = read(tmp_path, data)
    check(files)
    assert "all polygons lie within 0..1, and are taken for shares of width and height" in str(files.notes[0])
    # With one in pixels among them the others are so too: they have hardly a pixel, and are named.
    data["annotations"][3]["segmentation"] = [[2, 2, 4, 2, 4, 4, 2, 4]]
    files = read(tmp_path, data)
    assert files.notes == ()
    remarks = [remark for sample in files.samples("test") for remark in sample.remarks]
    assert [remark.kind for remark in remarks] == ["empty"] * 2
    assert remarks[0].name.endswith("a.json: annotation 0 (0.jpg)")


def test_all_annotations_without_a_shape_are_named(tmp_path: Path) -> None:
    for nothing in (None, [], ...):
        data = example()
        for annotation in data["annotations"][1:]:
            annotation["segmentation"] = nothing
            if nothing is ...:
                del annotation["segmentation"]
        with pytest.raises(NamedFault, match=r"annotation 1 \(0\.jpg\), .* have no segmentation\. Draw") as caught:
            read(tmp_path, data)
        assert len(caught.value.names) == 3


def test_a_root_category_is_no_class_and_a_class_without_a_shape_is_one(tmp_path: Path) -> None:
    data = example()
    for category in data["categories"]:
        category["supercategory"] = "crockery"
    data["categories"].append({"id": 0, "name": "crockery", "supercategory": "none"})
    files = read(tmp_path, data)
    check(files)
    assert "category 'crockery' owns no shape and groups the others" in str(files.notes[0])
    # Of the name of a class, as Roboflow calls it after the project.
    data["categories"][-1]["name"] = "cup"
    check(read(tmp_path, data))
    data["categories"][-1] = {"id": 0, "name": "fork", "supercategory": "none"}
    assert read(tmp_path, data).classes == ("fork", "table", "cup")


def test_shapes_that_are_wholly_covered_are_named(tmp_path: Path) -> None:
    data = example()
    cup = data["annotations"][1]
    halves = [[2, 2, 4, 2, 4, 3, 2, 3], [2, 3, 4, 3, 4, 4, 2, 4]]
    data["annotations"] += [
        {**cup, "id": 10 + place, "category_id": 7, "segmentation": [half]} for place, half in enumerate(halves)
    ]
    sample, other = read(tmp_path, data).samples("test")
    ((kind, name),) = sample.remarks
    assert (kind, name.endswith("annotation 1 (0.jpg)"), other.remarks) == ("covered", True, ())
    # Covered by its own kind, it is seen all the same.
    for annotation in data["annotations"][-2:]:
        annotation["category_id"] = 10
    assert [sample.remarks for sample in read(tmp_path, data).samples("test")] == [(), ()]


@pytest.mark.parametrize("name", ["background", "_background_", "Background", "__background__"])
@pytest.mark.parametrize("drawn", [True, False])
def test_a_category_of_the_background_is_no_class(tmp_path: Path, name: str, drawn: bool) -> None:
    data = example()
    data["categories"].append({"id": 0, "name": name, "supercategory": None})
    expected = EXPECTED.copy()
    if drawn:  # a hole in the table
        hole = [[6, 0, 8, 0, 8, 2, 6, 2]]
        data["annotations"] += [
            {"id": 9 + number, "image_id": number, "category_id": 0, "segmentation": hole} for number in (0, 1)
        ]
        expected[:2, 6:] = 0
    files = read(tmp_path, data)
    assert files.classes == ("table", "cup")
    assert all(np.array_equal(sample.mask, expected) for sample in files.samples("test"))
    assert any(f"category {name!r} is taken for background, and is no class" in str(note) for note in files.notes)


@pytest.mark.parametrize("name", ["ignore", "__ignore__", "void"])
def test_pixels_of_a_category_that_is_ignored_are_unknown(tmp_path: Path, name: str) -> None:
    data = example()
    data["categories"][0]["name"] = name
    files = read(tmp_path, data)
    assert files.classes == ("table",)
    expected = np.where(EXPECTED == 2, 255, EXPECTED)
    assert all(np.array_equal(sample.mask, expected) for sample in files.samples("test"))


@pytest.mark.parametrize(
    ("box", "told"), [([2, 2, 30, 3], True), ([2, 2, 2, 2], False), (None, False), ([], False), ("2 2 30 3", False)]
)
def test_a_shape_that_hardly_paints_is_told_by_its_box(tmp_path: Path, box: object, told: bool) -> None:
    data = example(area=lambda _: None)
    data["annotations"][1].update(segmentation=[[2, 2, 3, 2, 3, 3, 2, 3]], bbox=box)
    sample, _ = read(tmp_path, data).samples("test")
    assert [remark.kind for remark in sample.remarks] == ["empty"] * told
