"""One labelled image after the other, in whatever process."""

import io
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.labelled import Item, LabelledFiles, Loader
from groupseg.datasets.masks import MaskFiles
from groupseg.datasets.sample import sample_key
from groupseg.errors import UserError
from groupseg.sources.tree import open_tree


@pytest.fixture
def files(tmp_path: Path) -> LabelledFiles:
    Image.new("RGB", (4, 3), (1, 2, 3)).save(tmp_path / "a.jpg")
    Image.new("L", (4, 3), 1).save(tmp_path / "a.png")
    Image.new("L", (3, 4), 1).save(tmp_path / "b.png")
    items = [Item("a", "a.jpg", "a.png"), Item("b", "a.jpg", "b.png"), Item("c", "c.jpg", "a.png")]
    return LabelledFiles(open_tree(tmp_path), ("cat",), True, {"test": items}, MaskFiles({0: 0, 1: 1}))


def test_a_sample_holds_image_mask_and_names(files: LabelledFiles) -> None:
    sample = files.load(files.splits["test"][0])
    assert (sample.name, sample.key, sample.image.shape) == ("a", "a", (3, 4, 3))
    assert sample.mask.tolist() == [[1] * 4] * 3
    assert sample.encoded is not None
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(sample.encoded))), sample.image)


def test_the_loader_works_in_other_processes_and_takes_no_items_along(files: LabelledFiles) -> None:
    many = LabelledFiles(files.tree, files.classes, True, {"test": [*files.splits["test"]] * 1000}, files.decode)
    assert len(pickle.dumps(many.load)) == len(pickle.dumps(files.load)) < 1000
    assert isinstance(many.load, Loader)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        sample = pool.submit(files.load, files.splits["test"][0]).result()
    assert np.array_equal(sample.mask, files.load(files.splits["test"][0]).mask)


def test_sizes_that_differ_and_files_that_are_gone_are_named(files: LabelledFiles) -> None:
    samples = files.samples("test")
    next(samples)
    with pytest.raises(UserError, match=r"a\.jpg is 4x3 pixels .* but .*b\.png is 3x4\. Save the mask at the size"):
        next(samples)
    with pytest.raises(UserError, match=r"c\.jpg is missing"):
        files.load(files.splits["test"][2])


def test_keys_hold_neither_dot_nor_slash_and_never_meet() -> None:
    names = ["a.b", "a/b", "a%2Eb", "a%2Fb", "ab", "ä b"]
    keys = [sample_key(name) for name in names]
    assert keys[:3] == ["a%2Eb", "a%2Fb", "a%252Eb"]
    assert len(set(keys)) == len(names)
    assert not any(set("./") & set(key) for key in keys)
