"""Folders and archives that hold several data sets: all are named, and what is said to choose one does."""

import re
import shlex
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from groupseg.datasets.coco_json import read_coco_json
from groupseg.datasets.folder import read_folder
from groupseg.errors import UserError
from groupseg.onboard.find import look
from groupseg.sources.tree import open_tree
from tests.datasets.exports import (
    converted_context,
    cvat_coco,
    cvat_masks,
    labels_of,
    mask,
    picture,
    roboflow_coco,
    roboflow_masks,
)
from tests.onboard.test_find import read


def plain(folder: Path) -> None:
    for index in range(3):
        picture(folder / f"images/{index}.jpg", index)
        mask(folder / f"masks/{index}.png", labels_of(index))
    (folder / "classes.txt").write_text("background\na\nb\nc\n")


SETS: dict[str, Callable[[Path], object]] = {
    make.__name__: make for make in (plain, cvat_masks, cvat_coco, roboflow_coco, roboflow_masks)
}
ALONE = {"plain": "folder", "cvat_masks": "voc", "cvat_coco": "coco_json", "roboflow_coco": "coco_json",
         "roboflow_masks": "folder"}  # fmt: skip


def choices(path: Path) -> list[str]:
    """What is said to choose each data set that is found."""
    with pytest.raises(UserError, match=r"holds 2 data sets\. Choose one\. ") as caught:
        look(path)
    return [part.rpartition(": ")[2].rstrip(".") for part in str(caught.value).partition("Choose one. ")[2].split("; ")]


def chosen(path: Path, choice: str) -> tuple[str, int]:
    """Does what is said; returns the format that is found, and how many images are read as the section says."""
    if unpacked := re.fullmatch("unpack it and look at the folder (.*)", choice):
        shutil.unpack_archive(path, path.with_suffix(""))
        path, options = path.with_suffix("") / unpacked[1], {}
    elif choice.startswith("groupseg data init "):
        path, options = Path(shlex.split(choice)[-1]), {}
    else:
        option, value = shlex.split(choice)
        options = {{"--annotations": "annotations", "--format": "form"}[option]: value}
    found = look(path, **options)
    assert found.faults == ()
    return found.source["format"], read(path, found)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("pair", [*combinations(SETS, 2), *((name, name) for name in SETS)], ids="-".join)
def test_each_of_two_is_named_and_can_be_chosen(tmp_path: Path, pair: tuple[str, str], packed: bool) -> None:
    path = tmp_path / "both"
    for place, name in zip(("first one", "second"), pair, strict=True):
        (path / place).mkdir(parents=True)
        SETS[name](path / place)
    if packed:
        path = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", path))
    found = [chosen(path, choice) for choice in choices(path)]
    assert sorted(form for form, _ in found) == sorted(ALONE[name] for name in pair)
    assert all(count >= 3 for _, count in found)


def test_masks_and_a_json_of_the_same_images_are_two(tmp_path: Path) -> None:
    cvat_coco(tmp_path)
    plain(tmp_path)
    found = [chosen(tmp_path, choice) for choice in choices(tmp_path)]
    assert found == [("folder", 3), ("coco_json", 3)]


def test_a_format_that_is_not_there_is_said(tmp_path: Path) -> None:
    plain(tmp_path)
    with pytest.raises(UserError, match="holds none of the format voc, but 1 data set"):
        look(tmp_path, form="voc")


def test_context_and_the_voc_beneath_it_are_one_and_both_are_said(tmp_path: Path) -> None:
    converted_context(tmp_path)
    voc = tmp_path / "VOC2010"
    shutil.copytree(voc / "ImageSets/SegmentationContext", voc / "ImageSets/Segmentation")
    shutil.copytree(voc / "SegmentationClassContext", voc / "SegmentationClass")
    found = look(tmp_path)
    assert found.source["format"] == "context"
    assert found.notes[-1].endswith("lies there too: --format voc takes that")
    assert look(tmp_path, form="voc").source["format"] == "voc"


def test_readers_do_not_take_one_of_two_exports(tmp_path: Path) -> None:
    for place in ("first", "second"):
        (tmp_path / place).mkdir()
        roboflow_coco(tmp_path / place)
    with pytest.raises(UserError, match=r"Say in source\.annotations which one is meant"):
        read_coco_json(open_tree(tmp_path), None, 0, annotations="_annotations.coco.json")
    for place in ("first", "second"):
        roboflow_masks(tmp_path / place)
    with pytest.raises(UserError, match=r"exports of Roboflow in first and in second\. Name one of them"):
        read_folder(open_tree(tmp_path), None, 0)
