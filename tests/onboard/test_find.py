"""What is said of each layout, and that the section it proposes is one that reads it."""

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.readers import READERS
from groupseg.errors import UserError
from groupseg.onboard.find import look
from groupseg.onboard.look import Look
from groupseg.sources.tree import open_tree
from tests.datasets.conftest import real  # noqa: F401  (a fixture)
from tests.datasets.layouts import pack
from tests.onboard.conftest import Make, mask_of


def read(path: Path, found: Look) -> int:
    """Reads all images as the section says, and returns how many there are."""
    options = {key: value for key, value in found.source.items() if key not in ("format", "calib", "seed", "crossfit")}
    files = READERS[found.source["format"]](open_tree(path), found.source.get("calib"), 0, **options)
    return sum(len(list(files.samples(split))) for split in files.splits)


@pytest.mark.parametrize("dataset", ["voc", "ade20k", "cityscapes", "coco_object", "coco_object_instances"])
def test_published_layouts_are_known_unpacked(tmp_path: Path, dataset: str) -> None:
    pack(tmp_path, dataset)
    folder = tmp_path / "unpacked"
    found = look(folder)
    assert found.faults == ()
    assert found.source["format"] == dataset
    assert list(found.section("here")["source"])[:2] == ["format", "path"]
    assert read(folder, found) > 2
    assert found.notes[-1].endswith(f"judged in turn, in {found.source['crossfit']} folds")


def test_an_archive_is_looked_at_as_a_folder_is(tmp_path: Path) -> None:
    (archive,) = pack(tmp_path, "voc")
    assert look(archive) == look(tmp_path / "unpacked")
    assert look(archive).names == "voc.groupvit"


def test_a_published_layout_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    pack(tmp_path, "voc")
    folder = tmp_path / "unpacked"
    (voc,) = folder.glob("*/VOCdevkit/VOC2012")
    (voc / "SegmentationClass/2007_000033.png").write_bytes(b"no picture")
    found = look(folder)
    assert len(found.faults) == 1
    assert "2007_000033.png cannot be read as an image" in found.faults[0]
    (voc / "SegmentationClass/2007_000033.png").unlink()
    assert "2007_000033.jpg has no mask" in look(folder).faults[0]


def test_json_of_ones_own_is_known_by_what_it_holds(tmp_path: Path) -> None:
    Image.new("RGB", (10, 8)).save(tmp_path / "a.jpg")
    coco = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": 8, "width": 10}],
        "categories": [{"id": 7, "name": "traffic_light"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 7, "segmentation": [[1, 1, 6, 1, 6, 6]]}],
    }
    (tmp_path / "labels.json").write_text(json.dumps(coco))
    (tmp_path / "captions.json").write_text(json.dumps({"images": [], "annotations": []}))
    found = look(tmp_path)
    assert found.source == {"format": "coco_json", "annotations": "labels.json", "crossfit": 5}
    assert found.names == {"traffic_light": "traffic light"}
    assert found.faults == ("1 labelled image: too few to calibrate on some and judge others. Add more.",)
    assert found.notes[:2] == ("1 image for test", "1 class and background")
    assert read(tmp_path, found) == 1

    (tmp_path / "more.json").write_text(json.dumps({**coco, "images": []}))
    with pytest.raises(UserError, match=r"--annotations labels\.json; .* --annotations more\.json"):
        look(tmp_path)
    assert look(tmp_path, "labels.json") == found
    assert "annotation 1 is of image 1, which is not under `images`" in look(tmp_path, "more.json").faults[0]


def test_pictures_without_labels_lead_to_predict(tmp_path: Path) -> None:
    (tmp_path / "my pictures").mkdir()
    for name in ("a", "b"):
        Image.new("RGB", (4, 4)).save(tmp_path / f"my pictures/{name}.jpg")
    with pytest.raises(UserError) as caught:
        look(tmp_path / "my pictures")
    said = str(caught.value)
    assert "my pictures holds 2 pictures and no labels that are known. To segment them: groupseg predict '/" in said
    command = shlex.split(said[said.index("groupseg predict") : said.index(". To judge")])
    assert command == ["groupseg", "predict", str(tmp_path / "my pictures"), "--classes", "cat, sofa"]


def test_what_is_laid_out_in_no_known_way_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"notes/{name}.txt").write_text("none")
    with pytest.raises(UserError, match=r"holds 2 \.txt files in notes: no layout that is known\. Those are") as caught:
        look(tmp_path)
    assert "\n" not in str(caught.value)
    shutil.rmtree(tmp_path / "notes")
    with pytest.raises(UserError, match="holds no file: no layout"):
        look(tmp_path)
    with pytest.raises(UserError, match="nowhere is missing"):
        look(tmp_path / "nowhere")


def test_real_photographs(real: Path) -> None:  # noqa: F811
    found = {name: look(real / name) for name in ("VOCdevkit", "coco", "folder")}
    assert [look.source["format"] for look in found.values()] == ["voc", "coco_object_instances", "folder"]
    assert not any(look.faults for look in found.values())
    assert {name: read(real / name, look) for name, look in found.items()} == {
        "VOCdevkit": len((real / "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt").read_text().split()),
        "coco": len(json.loads((real / "coco/annotations/instances_val2017.json").read_text())["images"]),
        "folder": len(list((real / "folder/images").iterdir())),
    }


def test_few_images_are_judged_in_turn_and_many_are_divided(make: Make) -> None:
    few = look(make([mask_of(1)] * 3, ["background", "cat"]))
    assert few.source == {"format": "folder", "crossfit": 4}
    many = look(make([np.zeros((1, 1), np.uint8)] * 200, ["cat"], "many"))
    assert many.source == {"format": "folder", "calib": 0.5, "seed": 0}
