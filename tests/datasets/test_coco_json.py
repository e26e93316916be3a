"""JSON in the format of COCO, one's own and COCO's instances."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from groupseg.datasets.coco_json import read_coco_instances, read_coco_json
from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.names import class_list
from groupseg.errors import UserError
from groupseg.sources.tree import Merged, open_tree
from tests.datasets.layouts import coco_names, instances_json, pack

SQUARE = [[1, 1, 4, 1, 4, 4, 1, 4]]
Data = dict[str, list[dict[str, Any]]]


def example() -> Data:
    """Two images; on the first a dog with a flea on it, and a category of a higher id that comes first."""
    return {
        "images": [
            {"id": 1, "file_name": "a.jpg", "height": 6, "width": 8},
            {"id": 2, "file_name": "b.jpg", "height": 6, "width": 8},
        ],
        "categories": [{"id": 9, "name": "flea"}, {"id": 4, "name": "dog"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 9, "segmentation": [[2, 2, 3, 2, 3, 3, 2, 3]]},
            {"id": 2, "image_id": 1, "category_id": 4, "segmentation": SQUARE},
        ],
    }


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., LabelledFiles]:
    """Writes JSON and blank images beside it, and reads them."""

    def write(data: Data, calib: float | None = None) -> LabelledFiles:
        (tmp_path / "images").mkdir(exist_ok=True)
        for image in data["images"]:
            size = image.get("width", 8), image.get("height", 6)
            if min(size) > 0 and max(size) < 100:
                Image.new("RGB", size).save(tmp_path / "images" / f"{Path(image['file_name']).name}")
        (tmp_path / "annotations.json").write_text(json.dumps(data), encoding="utf-8")
        return read_coco_json(open_tree(tmp_path), calib, 0, "annotations.json")

    return write


def rendered(path: Path, crowds_first: bool = True) -> dict[str, np.ndarray]:
    """Masks by pycocotools: from the largest to the smallest by COCO's areas, crowds beneath all; else by pixels."""
    truth = COCO(path)

    def place(annotation: dict[str, Any]) -> tuple[float, ...]:
        if crowds_first:
            return -annotation["iscrowd"], -annotation["area"]
        return (-int(truth.annToMask(annotation).sum()),)

    ids = sorted(truth.getCatIds())
    masks = {}
    for image in truth.loadImgs(truth.getImgIds()):
        mask = np.zeros((image["height"], image["width"]), int)
        annotations = truth.loadAnns(truth.getAnnIds(imgIds=[image["id"]]))
        for annotation in sorted(annotations, key=place):
            mask[truth.annToMask(annotation) > 0] = ids.index(annotation["category_id"]) + 1
        masks[Path(image["file_name"]).stem] = mask
    return masks


def test_every_mask_of_real_photographs_is_what_pycocotools_renders(real: Path) -> None:
    instances = real / "coco/annotations/instances_val2017.json"
    own = read_coco_json(open_tree(real / "coco"), None, 0, "annotations/instances_val2017.json")
    official = read_coco_instances(open_tree(real), None, 0)
    assert own.classes == official.classes == class_list("coco_object")
    for files, crowds_first in ((own, False), (official, True)):
        expected = rendered(instances, crowds_first)
        assert len(expected) == 24
        assert files.background
        for sample in files.samples("test"):
            assert np.array_equal(sample.mask, expected[sample.name])
            path = real / f"coco/val2017/{sample.name}.jpg"
            assert np.array_equal(sample.image, np.asarray(Image.open(path).convert("RGB")))


def test_cocos_own_archives_are_read_in_place(tmp_path: Path) -> None:
    files = read_coco_instances(Merged([open_tree(path) for path in pack(tmp_path, "coco_object_instances")]), None, 0)
    (tmp_path / "instances.json").write_text(json.dumps(instances_json()))
    expected = rendered(tmp_path / "instances.json")
    assert [item.name for item in files.splits["test"]] == coco_names()
    for sample in files.samples("test"):
        assert np.array_equal(sample.mask, expected[sample.name])
        assert {0, 1} < set(np.unique(sample.mask))


def test_calibration_images_of_coco_are_drawn_from_train2017(tmp_path: Path) -> None:
    pack(tmp_path, "coco_object_instances")
    folder = tmp_path / "unpacked"
    with pytest.raises(UserError, match=r"unpacked holds no annotations/instances_train2017\.json: no COCO lies there"):
        read_coco_instances(open_tree(folder), 2, 0)
    data = instances_json()
    for image in data["images"]:
        image["file_name"] = f"train_{image['file_name']}"
        (folder / "train2017").mkdir(exist_ok=True)
        Image.new("RGB", (image["width"], image["height"])).save(folder / "train2017" / image["file_name"])
    (folder / "annotations_trainval2017.zip/annotations/instances_train2017.json").write_text(json.dumps(data))
    splits = read_coco_instances(open_tree(folder), 2, 0).splits
    assert {split: len(items) for split, items in splits.items()} == {"calib": 2, "test": 6}
    assert all(item.name.startswith("train_") for item in splits["calib"])


def test_smaller_shapes_lie_on_larger_ones_and_classes_follow_the_ids(read: Callable[..., LabelledFiles]) -> None:
    files = read(example())
    assert files.classes == ("dog", "flea")
    first, second = files.samples("test")
    expected = np.zeros((6, 8), int)
    expected[1:4, 1:4] = 1
    expected[2, 2] = 2
    assert np.array_equal(first.mask, expected)
    assert not second.mask.any()


def test_crowds_are_ordered_by_size_like_all_others_and_given_areas_decide_nothing(
    read: Callable[..., LabelledFiles],
) -> None:
    data = example()
    for flea, dog in ((0, 1), (1, 0), (1, 1)):
        data["annotations"][0] |= {"area": 9.5, "iscrowd": flea}
        data["annotations"][1] |= {"iscrowd": dog}
        (sample, _) = read(data).samples("test")
        assert set(np.unique(sample.mask)) == {0, 1, 2}
        assert sample.remarks == ()


def test_images_are_found_by_the_end_of_their_path_however_accents_are_written(
    read: Callable[..., LabelledFiles], tmp_path: Path
) -> None:
    data = example()
    for part in ("south", "north"):
        (tmp_path / "images" / part).mkdir(parents=True)
    data["images"][0]["file_name"] = "south\\" + unicodedata.normalize("NFC", "Müll.png")
    data["images"][1]["file_name"] = "./north/b.v2.png"
    Image.new("RGB", (8, 6)).save(tmp_path / "images/south" / unicodedata.normalize("NFD", "Müll.png"))
    Image.new("RGB", (8, 6)).save(tmp_path / "images/north/b.v2.png")
    (tmp_path / "annotations.json").write_text(json.dumps(data))
    files = read_coco_json(open_tree(tmp_path), None, 0, "annotations.json")
    assert [item.name for item in files.splits["test"]] == ["north/b.v2", "south/Müll"]
    assert len(list(files.samples("test"))) == 2


def test_calibration_images_are_drawn(read: Callable[..., LabelledFiles]) -> None:
    splits = read(example(), calib=1).splits
    assert {split: len(items) for split, items in splits.items()} == {"calib": 1, "test": 1}
    assert splits["calib"][0] != splits["test"][0]


@pytest.mark.parametrize(
    ("key", "index", "change", "message"),
    [
        ("categories", 1, {"name": " "}, r"categories\.1\.name: String should have at least 1 character"),
        ("annotations", 0, {"iscrowd": 2}, r"annotations\.0\.iscrowd: Input should be less than or equal to 1"),
        ("images", 0, {"height": 0}, r"images\.0\.height: Input should be greater than 0"),
    ],
)  # fmt: skip
def test_faults_are_named(
    read: Callable[..., LabelledFiles], key: str, index: int, change: dict[str, object], message: str
) -> None:
    data = example()
    data["annotations"][0]["area"] = 1
    data[key][index] |= change
    with pytest.raises(UserError, match=rf"^\S+annotations\.json:? {message}"):
        list(read(data).samples("test"))


def test_an_image_of_another_size_is_named(read: Callable[..., LabelledFiles], tmp_path: Path) -> None:
    read(example())
    Image.new("RGB", (6, 8)).save(tmp_path / "images/a.jpg")
    with pytest.raises(UserError, match=r"a\.jpg is 6x8 pixels .* but its annotation is 8x6"):
        list(read_coco_json(open_tree(tmp_path), None, 0, "annotations.json").samples("test"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Invalid JSON: EOF while parsing"),
        ("[]", "Input should be"),
        ('{"images": []}', "categories: Field required"),
        ('{"images": [], "annotations": [], "categories": []}', "names no category"),
    ],
)
def test_what_is_no_such_json_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "annotations.json").write_text(text)
    with pytest.raises(UserError, match=rf"annotations\.json:? {message}"):
        read_coco_json(open_tree(tmp_path), None, 0, "annotations.json")
