"""ADE20K's scene parsing benchmark."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.ade20k import read_ade20k
from groupseg.errors import UserError
from groupseg.sources.tree import open_tree
from tests.datasets.layouts import pack


def test_validation_is_judged_and_what_is_no_class_is_ignored(tmp_path: Path) -> None:
    (archive,) = pack(tmp_path, "ade20k")
    files = read_ade20k(open_tree(archive), 4, 0)
    assert not files.background
    assert len(files.classes) == 150
    assert [item.name for item in files.splits["test"]] == [f"ADE_val_{index:08d}" for index in range(6)]
    assert len(files.splits["calib"]) == 4
    folder = tmp_path / "unpacked/ADEChallengeData2016.zip/ADEChallengeData2016/annotations"
    for split, part in (("calib", "training"), ("test", "validation")):
        for sample in files.samples(split):
            values = np.asarray(Image.open(folder / part / f"{sample.name}.png"))
            # reduce_zero_label of mmsegmentation: 0 becomes 255, and class i is i - 1 there and i here.
            assert np.array_equal(sample.mask, np.where(values == 0, 255, values))


def test_without_calibration_the_training_images_need_not_be_there(tmp_path: Path) -> None:
    pack(tmp_path, "ade20k")
    root = tmp_path / "unpacked/ADEChallengeData2016.zip/ADEChallengeData2016"
    (root / "images/training").rename(tmp_path / "elsewhere")
    assert list(read_ade20k(open_tree(root), None, 0).splits) == ["test"]
    with pytest.raises(UserError, match=r"holds no images/training/ and in it no \.jpg: no ADEChallengeData2016 lies"):
        read_ade20k(open_tree(root), 4, 0)


def test_faults_are_named(tmp_path: Path) -> None:
    pack(tmp_path, "ade20k")
    masks = tmp_path / "unpacked/ADEChallengeData2016.zip/ADEChallengeData2016/annotations/validation"
    Image.new("L", (9, 9), 151).save(masks / "ADE_val_00000003.png")
    with pytest.raises(UserError, match=r"ADE_val_00000003\.png holds 151, outside the class list \(1\.\.150, and 0 ="):
        list(read_ade20k(open_tree(tmp_path / "unpacked"), None, 0).samples("test"))
    (masks / "ADE_val_00000003.png").unlink()
    with pytest.raises(UserError, match=r"images/validation/ADE_val_00000003\.jpg has no mask"):
        read_ade20k(open_tree(tmp_path / "unpacked"), None, 0)
