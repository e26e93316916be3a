"""Cityscapes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.cityscapes import read_cityscapes
from groupseg.errors import UserError
from groupseg.sources.tree import open_tree
from tests.datasets.layouts import pack

# Of each class its id and its train id, from cityscapesscripts' helpers/labels.py.
TRAIN_IDS = {
    "road": (7, 0), "sidewalk": (8, 1), "building": (11, 2), "wall": (12, 3), "fence": (13, 4), "pole": (17, 5),
    "traffic light": (19, 6), "traffic sign": (20, 7), "vegetation": (21, 8), "terrain": (22, 9), "sky": (23, 10),
    "person": (24, 11), "rider": (25, 12), "car": (26, 13), "truck": (27, 14), "bus": (28, 15), "train": (31, 16),
    "motorcycle": (32, 17), "bicycle": (33, 18),
}  # fmt: skip


def test_labels_are_train_ids_and_all_others_are_ignored(tmp_path: Path) -> None:
    pack(tmp_path, "cityscapes")
    root = tmp_path / "unpacked/cityscapes.tar"
    files = read_cityscapes(open_tree(root), 4, 0)
    assert files.classes == tuple(TRAIN_IDS)
    assert not files.background
    assert [item.name for item in files.splits["test"]] == [f"munster/munster_{i:06d}_000019" for i in range(3)]
    assert len(files.splits["calib"]) == 4
    for split, part in (("calib", "train"), ("test", "val")):
        for sample in files.samples(split):
            values = np.asarray(Image.open(root / "gtFine" / part / f"{sample.name}_gtFine_labelIds.png"))
            expected = np.full(values.shape, 255)
            for number, train in TRAIN_IDS.values():
                expected[values == number] = train + 1
            assert np.array_equal(sample.mask, expected)
            assert sample.encoded == (root / "leftImg8bit" / part / f"{sample.name}_leftImg8bit.png").read_bytes()


def test_missing_folders_and_masks_are_named(tmp_path: Path) -> None:
    pack(tmp_path, "cityscapes")
    root = tmp_path / "unpacked/cityscapes.tar"
    (root / "gtFine/val/munster/munster_000001_000019_gtFine_labelIds.png").unlink()
    with pytest.raises(UserError, match=r"munster_000001_000019_leftImg8bit\.png has no mask"):
        read_cityscapes(open_tree(root), None, 0)
    (root / "gtFine").rename(root / "gtCoarse")
    with pytest.raises(UserError, match=r"holds no gtFine/val/ and in it no \.png: no Cityscapes lies there"):
        read_cityscapes(open_tree(root), None, 0)
