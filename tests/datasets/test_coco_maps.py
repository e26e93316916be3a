"""COCO-Object and COCO-Stuff from COCO-Stuff's maps, against the published conversions."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.coco_maps import read_coco_object, read_coco_stuff
from groupseg.datasets.names import class_list
from groupseg.errors import NamedFault, UserError
from groupseg.onboard.find import look
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


def convert(folder: Path, kinds: set[str], part: str = "val2017") -> None:
    """Writes images, maps and what mmsegmentation and GroupViT make of them, as far as they are asked for."""
    for index, name in enumerate(coco_names()):
        values = np.random.default_rng(index).choice(np.array([0, 10, 12, 89, 91, 181, 255], np.uint8), (6, 8))
        stuff, things = np.full(256, 255, np.uint8), np.zeros(256, np.uint8)
        for label, number in enumerate([*THINGS, *range(92, 183)]):
            stuff[number - 1] = label
        for label, number in enumerate(THINGS):
            things[number - 1] = label + 1
        made = {"": values, "_labelTrainIds": stuff[values], "_instanceTrainIds": things[values]}
        for place in (folder / f"images/{part}", folder / f"annotations/{part}"):
            place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), (index, 0, 0)).save(folder / f"images/{part}/{name}.jpg")
        for kind in kinds:
            Image.fromarray(made[kind]).save(folder / f"annotations/{part}/{name}{kind}.png")


KINDS = ("", "_labelTrainIds", "_instanceTrainIds")


@pytest.mark.parametrize("chosen", [c for n in (1, 2, 3) for c in combinations(KINDS, n)], ids=" and ".join)
def test_conversions_say_the_same_as_maps_and_are_no_masks_beside_them(tmp_path: Path, chosen: tuple[str, ...]) -> None:
    kinds = set(chosen)
    convert(tmp_path / "whole", {""})
    convert(tmp_path / "some", kinds)
    for reader, ending in ((read_coco_stuff, "_labelTrainIds"), (read_coco_object, "_instanceTrainIds")):
        if not kinds & {"", ending}:
            continue
        expected = reader(open_tree(tmp_path / "whole"), None, 0)
        found = reader(open_tree(tmp_path / "some"), None, 0)
        assert (found.classes, found.background) == (expected.classes, expected.background)
        for one, other in zip(found.samples("test"), expected.samples("test"), strict=True):
            assert one.name == other.name
            assert np.array_equal(one.mask, other.mask)
    look_at = look(tmp_path / "some")
    assert look_at.faults == ()
    assert look_at.source["format"] == ("coco_stuff" if kinds == {"_labelTrainIds"} else "coco_object")
    # What is said that the other format reads, it reads.
    if any("source.format: coco_stuff reads those" in note for note in look_at.notes):
        read_coco_stuff(open_tree(tmp_path / "some"), None, 0)


def test_images_without_a_map_are_all_named_and_can_be_left_out(tmp_path: Path) -> None:
    convert(tmp_path, {""})
    bare = coco_names()[:4]
    for name in bare:
        (tmp_path / f"annotations/val2017/{name}.png").unlink()
    with pytest.raises(NamedFault, match="4 images have no mask, such as") as caught:
        read_coco_object(open_tree(tmp_path), None, 0)
    assert [Path(name).stem for name in caught.value.names] == bare
    (fault,) = look(tmp_path).faults
    assert [Path(name).stem for name in look(tmp_path).named[fault]] == bare
    files = read_coco_object(open_tree(tmp_path), None, 0, skip_unmatched=True)
    assert [item.name for item in files.splits["test"]] == coco_names()[4:]
    assert any("left out: 4 images have no mask" in str(note) for note in files.notes)
