from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from groupseg.datasets.shards import read_samples
from groupseg.errors import UserError
from groupseg.metrics.confusion import confusion_from_maps, confusion_matrix
from groupseg.report.album import Album, extremes, quantiles
from groupseg.report.results import Results, read_results
from groupseg.report.roles import LABEL_ORACLE
from groupseg.segments.table import SegmentTable
from tests.results import CLASSES, build


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return read_results(build(tmp_path))


def test_label_maps_count_as_the_table_does(results: Results) -> None:
    dataset = results.datasets[1]
    album = Album(results, dataset)
    table = SegmentTable.load(results.root / "data/segments/beta/test/table.safetensors")
    labels = load_file(results.root / "data/predictions/scenes/beta.safetensors")
    examples = [album.example(row, dataset.best) for row in range(len(table.keys))]
    for index, name in enumerate(("fixed", dataset.best, LABEL_ORACLE), start=1):
        maps = sum(confusion_from_maps(one.maps[0], one.maps[index], len(CLASSES)) for one in examples)
        np.testing.assert_array_equal(maps, confusion_matrix(table, labels[name]))


def test_examples_are_the_images_of_the_test_split(results: Results) -> None:
    album = Album(results, results.datasets[0])
    for row, sample in enumerate(read_samples(results.root / "data/prepared/alpha", "test")):
        example = album.example(row, "cosine")
        np.testing.assert_array_equal(example.image, sample.image)
        np.testing.assert_array_equal(example.maps[0], sample.mask)
        known = sample.mask != 255
        for share, labels in zip(example.right, example.maps[1:3], strict=True):
            assert share == pytest.approx((labels == sample.mask)[known].mean())
        np.testing.assert_allclose(album.right("cosine")[row], example.right)


def test_extremes_are_gains_and_losses_the_largest_first() -> None:
    gain = np.array([0.1, -0.2, 0.0, np.nan, 0.3, -0.1, 0.2])
    right = np.stack([np.full(7, 0.5), 0.5 + gain], axis=1)
    assert extremes(right, 4) == ([4, 6], [1, 5])
    assert extremes(right, 3) == ([4, 6], [1])
    assert extremes(right, 20) == ([4, 6, 0], [1, 5])
    assert extremes(right[[2, 3]], 4) == ([], [])


def test_quantiles_choose_by_rank_and_none_twice() -> None:
    right = np.stack([np.zeros(5), np.array([0.1, 0.5, np.nan, 0.2, 0.3])], axis=1)
    assert quantiles(right, (0, 1 / 3, 1)) == [1, 4, 0]
    assert quantiles(right[:1], (0.1, 0.5)) == [0]
    assert quantiles(right[2:3], (0.1, 0.5)) == []


@pytest.mark.parametrize(
    "name", ["predictions/scenes/alpha.safetensors", "counts/scenes/alpha.safetensors", "segments/alpha/test/maps.tar"]
)
def test_names_the_damaged_file(results: Results, name: str) -> None:
    path = results.root / "data" / name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match=path.name):
        Album(results, results.datasets[0]).example(7, "cosine")
