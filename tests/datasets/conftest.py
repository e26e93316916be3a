"""Small data sets on disk, and the real photographs where they are at hand."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.datasets.layouts import MakeFolder, save_pair

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def real() -> Path:
    """Real photographs in the layouts that users have; `GROUPSEG_SAMPLES` says where they lie."""
    folder = Path(os.environ.get("GROUPSEG_SAMPLES", CHECKOUT.parent / "shared" / "samples"))
    if not folder.is_dir():
        pytest.skip(f"no photographs at {folder}; set GROUPSEG_SAMPLES")
    return folder


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Makes a plain folder with the given class list."""

    def make(classes: Sequence[str] = ("cat", "dog", "sky"), images: int = 6) -> Path:
        for index in range(images):
            save_pair(tmp_path, f"photo {index}", "images", "masks", len(classes) - 1, seed=index)
        (tmp_path / "classes.txt").write_text("\n".join(classes) + "\n", encoding="utf-8")
        return tmp_path

    return make


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """A VOC layout: a, b, c, d in train.txt, e and f in val.txt."""
    for index, name in enumerate("abcdef"):
        save_pair(tmp_path, name, "JPEGImages", "SegmentationClass", 20, seed=index)
    lists = tmp_path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\nb\nc\nd\n")
    (lists / "val.txt").write_text("e\nf\n")
    return tmp_path
