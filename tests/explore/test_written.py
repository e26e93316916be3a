import re
from pathlib import Path

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.explore.page import keep_explorer, write_explorer
from groupseg.metrics.confusion import confusion_from_maps
from groupseg.report.album import Album
from groupseg.report.results import Results, read_results
from tests.explore.unpacked import unpack
from tests.results import CLASSES, build


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return read_results(build(tmp_path))


def packed(path: Path) -> dict[str, str]:
    """What the page holds, by data set."""
    return dict(re.findall(r'data-set="(\w+)">([^<]+)<', path.read_text("utf-8")))


def test_equal_results_make_equal_pages(results: Results) -> None:
    first = write_explorer(results).read_bytes()
    assert write_explorer(results).read_bytes() == first


def test_maps_and_segments_count_as_the_results_do(results: Results) -> None:
    dataset = results.datasets[0]
    data = unpack(packed(write_explorer(results))["alpha"])
    strategy = next(one for one in data["strategies"] if one["name"] == "cosine")
    total, first = 0, 0
    for image in data["images"]:
        labels = strategy["label"][first : first + image["count"]][image["segments"]]
        total += confusion_from_maps(image["truth"], labels, len(CLASSES), ignore=len(CLASSES) + 1)
        first += image["count"]
    np.testing.assert_array_equal(np.diag(total), strategy["hits"])
    np.testing.assert_array_equal(total.sum(axis=0), strategy["predicted"])
    np.testing.assert_array_equal(total.sum(axis=1), data["truth"])
    assert [image["key"] for image in data["images"]] != sorted(Album(results, dataset).table.keys)


def test_a_page_is_kept_while_the_results_are_the_same(results: Results) -> None:
    path = write_explorer(results, images=2)
    before = path.read_bytes()
    assert keep_explorer(results) == path
    assert path.read_bytes() == before
    metrics = results.folder / "metrics/alpha.json"
    metrics.write_text(metrics.read_text("utf-8").replace("0.", "0.0", 1), encoding="utf-8")
    keep_explorer(results)
    assert path.read_bytes() != before


def test_as_many_images_are_shown_as_are_asked_for(results: Results) -> None:
    sets = packed(write_explorer(results, images=3, datasets=["beta"]))
    assert list(sets) == ["beta"]
    assert len(unpack(sets["beta"])["images"]) == 3


def test_a_picture_that_is_missing_is_named(results: Results) -> None:
    (results.root / "data/segments/beta/test/maps.tar").unlink()
    with pytest.raises(UserError, match=r"maps\.tar is missing"):
        write_explorer(results)


def test_nothing_but_a_page_is_written_over(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"The page must end in \.html"):
        write_explorer(results, path=path)
    assert path.read_bytes() == before
