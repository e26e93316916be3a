"""COCO captions: which images, which of their sentences."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from groupseg.datasets.captions.coco_captions import CaptionItem, read_coco_captions
from groupseg.errors import UserError
from groupseg.sources.tree import open_tree

FILE = "annotations/captions_train2017.json"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Six images of three captions each, and one that nobody described."""
    folder = tmp_path / "coco"
    (folder / "train2017").mkdir(parents=True)
    for index in range(7):
        Image.new("RGB", (8, 6), (index, 0, 0)).save(folder / f"train2017/{index:012d}.jpg")
    save(
        folder,
        {
            "info": {"year": 2017},
            "images": [{"id": index, "file_name": f"{index:012d}.jpg", "license": 1} for index in range(7)],
            "annotations": [
                {"id": 100 - 10 * index + part, "image_id": index, "caption": f"cat {index} of {part}"}
                for index in range(6)
                for part in range(3)
            ],
        },
    )
    return folder


def save(folder: Path, data: dict[str, Any]) -> None:
    (folder / FILE).parent.mkdir(exist_ok=True)
    (folder / FILE).write_text(json.dumps(data))


def items(folder: Path, images: int | None = None, seed: int = 0) -> list[CaptionItem]:
    return list(read_coco_captions(open_tree(folder), FILE, images, seed).items)


def test_every_described_image_comes_once_with_one_of_its_captions(coco: Path) -> None:
    found = items(coco)
    assert [item.image for item in found] == [f"train2017/{index:012d}.jpg" for index in range(6)]
    assert all(item.caption.startswith(f"cat {index} of ") for index, item in enumerate(found))
    assert len({item.caption[-1] for item in found}) > 1


def test_what_is_drawn_follows_from_the_seed_and_more_moves_nothing(coco: Path) -> None:
    assert set(items(coco, 2)) < set(items(coco, 4)) < set(items(coco, 6)) == set(items(coco))
    draws = {tuple(items(coco, 3, seed)) for seed in range(5)}
    assert len(draws) > 1
    assert items(coco, 3, seed=4) in [list(draw) for draw in draws]


def test_an_image_becomes_an_entry_of_its_own_bytes(coco: Path) -> None:
    files = read_coco_captions(open_tree(coco), FILE, 1, 0)
    (item,) = files.items
    entry = files.entry(item)
    assert entry.files["image.jpg"] == (coco / item.image).read_bytes()
    assert json.loads(entry.files["json"]) == {"caption": item.caption, "nouns": ["cat"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["images"].append(data["images"][2]), "image id 2 is there more than once"),
        (lambda data: data["annotations"].append(data["annotations"][0]), "annotation id 100 is there more than once"),
        (lambda data: data["annotations"][1].update(image_id=77), "annotation 101 is of image 77, which is not under"),
        (lambda data: data["images"][0].update(file_name="x.jpg"), r"image x\.jpg is nowhere in"),
        (lambda data: data.pop("annotations"), "annotations: Field required"),
        (lambda data: data["annotations"].clear(), "7 images asked for, but 0 have a caption"),
        (lambda data: None, "7 images asked for, but 6 have a caption. Lower `images`"),
    ],
)
def test_a_faulty_file_is_named(coco: Path, change: Change, message: str) -> None:
    data = json.loads((coco / FILE).read_text())
    change(data)
    save(coco, data)
    images = None if "nowhere" in message or "id" in message or "of image" in message else 7
    with pytest.raises(UserError, match=rf"captions_train2017\.json: .*{message}"):
        items(coco, images)


def test_a_missing_file_and_an_empty_caption_are_named(coco: Path) -> None:
    files = read_coco_captions(open_tree(coco), FILE, 1, 0)
    with pytest.raises(UserError, match=r"000000000003\.jpg: its caption is empty"):
        files.entry(CaptionItem("train2017/000000000003.jpg", " \n"))
    (coco / FILE).unlink()
    with pytest.raises(UserError, match=r"holds no annotations/captions_train2017\.json: no COCO captions"):
        items(coco)
