"""PASCAL Context from its JSON, against the published converter's way of doing it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from groupseg.datasets.context import read_context
from groupseg.errors import UserError
from groupseg.sources.tree import Merged, open_tree
from tests.datasets.layouts import context_json, pack

# The ids that mmsegmentation's converter keeps, in the order in which it gives them; it sorts them.
IDS = np.sort([
    0, 2, 259, 260, 415, 324, 9, 258, 144, 18, 19, 22, 23, 397, 25, 284, 158, 159, 416, 33, 162, 420, 454, 295, 296,
    427, 44, 45, 46, 308, 59, 440, 445, 31, 232, 65, 354, 424, 68, 326, 72, 458, 34, 207, 80, 355, 85, 347, 220, 349,
    360, 98, 187, 104, 105, 366, 189, 368, 113, 115,
])  # fmt: skip


def converted(data: dict[str, list[dict[str, Any]]], image: dict[str, Any]) -> np.ndarray:
    """Paints ids one over the other as Detail.getMask, and numbers them with np.digitize; others become 0 before."""
    mask = np.zeros((image["height"], image["width"]), int)
    for annotation in data["annos_segmentation"]:
        if annotation["image_id"] == image["image_id"]:
            mask[coco.decode(annotation["segmentation"]) > 0] = annotation["category_id"]
    mask[~np.isin(mask, IDS)] = 0
    return np.arange(60)[np.digitize(mask.ravel(), IDS, right=True)].reshape(mask.shape)


@pytest.fixture
def packed(tmp_path: Path) -> Merged:
    return Merged([open_tree(path) for path in pack(tmp_path, "context")])


def test_masks_are_those_of_the_published_converter(packed: Merged) -> None:
    data = context_json()
    files = read_context(packed, 3, 0)
    images = {image["file_name"].removesuffix(".jpg"): image for image in data["images"]}
    seen = set()
    for split, phase in (("calib", "train"), ("test", "val")):
        samples = list(files.samples(split))
        assert [sample.name for sample in samples] == [
            name for name, image in images.items() if image["phase"] == phase
        ]
        for sample in samples:
            assert np.array_equal(sample.mask, converted(data, images[sample.name]))
            seen |= set(np.unique(sample.mask))
    # aeroplane, bicycle, person and wood; what is outside the list is background, also where it lies on a class.
    assert seen == {0, 1, 6, 37, 59}
    assert files.background
    assert (files.classes[0], files.classes[58]) == ("aeroplane", "wood")


def test_without_background_what_is_in_no_class_is_ignored(packed: Merged) -> None:
    whole, without = (list(read_context(packed, None, 0, background).samples("test")) for background in (True, False))
    for one, other in zip(whole, without, strict=True):
        assert np.array_equal(other.mask, np.where(one.mask == 0, 255, one.mask))


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("images", {"image_id": 2008000000}, "image id 2008000000 is there more than once"),
        ("images", {"phase": "valid"}, r"images\.1\.phase: Input should be 'train', 'val' or 'test'"),
        ("images", {"file_name": "2008_999999.jpg"}, r"image 2008_999999\.jpg is nowhere in"),
        (
            "images",
            {"height": 8},
            r"annos_segmentation\.8: the run-length encoding is 12x10 pixels, but the image is 12x8",
        ),
    ],
)
def test_faults_are_named(tmp_path: Path, key: str, change: dict[str, object], message: str) -> None:
    archives = pack(tmp_path, "context")
    data = context_json()
    data[key][1] |= change
    archives[1].write_text(json.dumps(data))
    with pytest.raises(UserError, match=rf"trainval_merged\.json: {message}"):
        list(read_context(Merged([open_tree(path) for path in archives]), 3, 0).samples("test"))


def test_a_missing_json_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.jpg")
    with pytest.raises(UserError, match=r"holds no trainval_merged\.json: no PASCAL Context lies there"):
        read_context(open_tree(tmp_path), None, 0)
