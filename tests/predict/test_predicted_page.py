import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groupseg.predict import predicted_page as predicted
from groupseg.predict.naming import Naming
from groupseg.predict.predicted_page import PredictedPage
from tests.explore.unpacked import unpack
from tests.predict.fakes import SQUARE, WINDOWS, segmenter
from tests.segments.networks import noise

CLASSES = ("cat", "sofa", "lamp")


def written(path: Path, naming: Naming, windows: bool = False) -> tuple[dict[str, Any], np.ndarray]:
    """What the page of three pictures holds, and the labels of their segments."""
    page = PredictedPage(naming)
    images = [noise((30, 40 + seed), seed) for seed in range(3)]
    results = list(segmenter(WINDOWS if windows else SQUARE).stream(images, naming))
    for number, result in enumerate(results):
        page.add(f"photo{number}", result)
    assert page.write(path)
    (packed,) = re.findall(r'data-set="predictions">([^<]+)<', path.read_text("utf-8"))
    return unpack(packed), np.array([segment.label for result in results for segment in result.segments])


@pytest.mark.parametrize("windows", [False, True])
def test_a_position_gives_the_labels_of_its_threshold(tmp_path: Path, windows: bool) -> None:
    naming = segmenter().naming(CLASSES, threshold=0.5)
    data, labels = written(tmp_path / "page.html", naming, windows)
    (strategy,), (slider,) = data["strategies"], data["sliders"]
    np.testing.assert_array_equal(strategy["label"], labels)
    own = slider["marks"]["own"]
    assert own["value"] == 0.5
    np.testing.assert_array_equal(np.where(own["at"] <= strategy["last"], strategy["candidate"], 0), labels)
    naming.strategy.threshold = float(slider["thresholds"][2:4].mean())  # type: ignore[attr-defined]
    _, moved = written(tmp_path / "page.html", naming, windows)
    np.testing.assert_array_equal(np.where(strategy["last"] >= 3, strategy["candidate"], 0), moved)
    assert "truth" not in data


def test_without_background_there_is_nothing_to_move(tmp_path: Path) -> None:
    data, labels = written(tmp_path / "page.html", segmenter().naming(CLASSES, with_background=False, threshold=5.0))
    assert data["sliders"] == []
    np.testing.assert_array_equal(data["strategies"][0]["label"], labels)


def test_of_many_pictures_the_first_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicted, "_MOST", 2)
    data, _ = written(tmp_path / "page.html", segmenter().naming(CLASSES))
    assert [image["key"] for image in data["images"]] == ["photo0", "photo1"]
    assert data["images_total"] == 3


def test_no_picture_is_no_page(tmp_path: Path) -> None:
    assert not PredictedPage(segmenter().naming(CLASSES)).write(tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
