"""COCO-Object and COCO-Stuff from COCO-Stuff's maps, against the published conversions."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.coco_maps import read_coco_object, read_coco_stuff
from groupseg.datasets.names import class_list
from groupseg.errors import UserError
from groupseg.sources.tree import Merged, open_tree
from tests.datasets.layouts import coco_names, pack

# Category ids of COCO's 80 things; maps hold them less one.
NEVER_GIVEN = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91}
THINGS = [number for number in range(1, 91) if number not in NEVER_GIVEN]


def maps(folder: Path) -> dict[str, np.ndarray]:
    found = (folder / "unpacked/stuffthingmaps_trainval2017.zip/val2017").glob("*.png")
    return {path.stem: np.asarray(Image.open(path)).astype(int) for path in found}


def test_object_has_things_and_all_else_is_background(tmp_path: Path) -> None:
    files = read_coco_object(Merged([open_tree(path) for path in pack(tmp_path, "coco_object")]), None, 0)
    assert files.background
    assert files.classes == class_list("coco_object")
    values = maps(tmp_path)
    assert [item.name for item in files.splits["test"]] == coco_names() == sorted(values)
    for sample in files.samples("test"):
        expected = np.zeros_like(values[sample.name])
        for index, number in enumerate(THINGS):
            expected[values[sample.name] == number - 1] = index + 1
        assert np.array_equal(sample.mask, expected)
    assert not (expected == 255).any()


def test_stuff_has_171_classes_and_unlabelled_pixels_are_ignored(tmp_path: Path) -> None:
    files = read_coco_stuff(Merged([open_tree(path) for path in pack(tmp_path, "coco_stuff")]), None, 0)
    assert not files.background
    assert len(files.classes) == 171
    values = maps(tmp_path)
    for sample in files.samples("test"):
        expected = np.full_like(values[sample.name], 255)
        # The train ids of mmsegmentation's tools/dataset_converters/coco_stuff164k.py, 0..170, are labels 1..171.
        for index, number in enumerate([*THINGS, *range(92, 183)]):
            expected[values[sample.name] == number - 1] = index + 1
        assert np.array_equal(sample.mask, expected)


def test_calibration_images_are_drawn_from_train2017_where_it_lies(tmp_path: Path) -> None:
    archives = pack(tmp_path, "coco_stuff")
    with pytest.raises(UserError, match=r"holds no train2017/ and in it no \.jpg"):
        read_coco_stuff(Merged([open_tree(path) for path in archives]), 2, 0)
    folder = tmp_path / "unpacked"
    for name in coco_names():
        (folder / "train2017.zip/train2017").mkdir(parents=True, exist_ok=True)
        mask = Image.open(folder / f"stuffthingmaps_trainval2017.zip/train2017/{name}.png")
        Image.new("RGB", mask.size).save(folder / f"train2017.zip/train2017/{name}.jpg")
    files = read_coco_stuff(open_tree(folder), 2, 0)
    assert {split: len(items) for split, items in files.splits.items()} == {"calib": 2, "test": 6}
    assert all("train2017" in item.image and "train2017" in item.truth for item in files.splits["calib"])


@pytest.mark.parametrize(("value", "allowed"), [(11, True), (200, False)])
def test_ids_that_were_never_given_are_background_in_object_and_unknown_ones_refused(
    tmp_path: Path, value: int, allowed: bool
) -> None:
    pack(tmp_path, "coco_object")
    path = tmp_path / f"unpacked/stuffthingmaps_trainval2017.zip/val2017/{coco_names()[0]}.png"
    Image.fromarray(np.full_like(np.asarray(Image.open(path)), value)).save(path)
    tree = open_tree(tmp_path / "unpacked")
    with pytest.raises(UserError, match=rf"{path} holds {value}, outside the class list"):
        next(read_coco_stuff(tree, None, 0).samples("test"))
    if allowed:
        assert not next(read_coco_object(tree, None, 0).samples("test")).mask.any()
    else:
        with pytest.raises(UserError, match=rf"holds {value}, outside the class list \(0\.\.181, 255\)"):
            next(read_coco_object(tree, None, 0).samples("test"))
