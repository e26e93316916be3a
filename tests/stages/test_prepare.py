"""From every layout to shards, through params.yaml alone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.shards import read_crossfit, read_prepared_classes, read_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json
from stages import prepare
from tests.datasets.layouts import save_pair
from tests.stages.small import set_params


@pytest.fixture
def own(project: Path) -> Path:
    """Twelve labelled images of one's own, named in params.yaml."""
    folder = project / "data/raw"
    for index in range(12):
        save_pair(folder, f"photo {index}", "images", "masks", top=2, seed=index)
    (folder / "classes.txt").write_text("background\ncat\ndog\n")
    return folder


def test_scenes_are_drawn(project: Path) -> None:
    set_params({"datasets.scenes20.source.calib": 3, "datasets.scenes20.source.test": 2})
    prepare.main("scenes20")
    classes, background = read_prepared_classes(project / "data/prepared/scenes20")
    assert len(classes) == 20
    assert background
    assert len(list(read_samples(project / "data/prepared/scenes20", "calib"))) == 3
    (first, _) = read_samples(project / "data/prepared/scenes20", "test")
    assert first.image.shape == (96, 96, 3)
    assert first.mask.max() <= 20


def test_a_folder_is_found_below_the_one_that_run_names(own: Path, project: Path) -> None:
    prepare.main("folder")
    manifest = read_json(project / "data/prepared/folder/manifest.json")
    assert (manifest["dataset"], manifest["format"]) == ("folder", "folder")
    assert {split: part["images"] for split, part in manifest["splits"].items()} == {"calib": 6, "test": 6}
    for sample in read_samples(project / "data/prepared/folder", "test"):
        assert np.array_equal(sample.mask, np.asarray(Image.open(own / "masks" / f"{sample.name}.png")))


@pytest.mark.parametrize(
    ("name", "source", "classes", "background"),
    [
        ("voc_folder", {}, 20, True),
        ("folder", {"path": "folder"}, 23, False),
        ("coco_folder", {"path": "coco", "annotations": "annotations/instances_val2017.json"}, 80, True),
    ],
)
def test_real_photographs(
    project: Path, real: Path, name: str, source: dict[str, str], classes: int, background: bool
) -> None:
    changes = {f"datasets.{name}.source.{key}": value for key, value in source.items()}
    set_params({"run.folder": str(real), **changes})
    prepare.main(name)
    found, with_background = read_prepared_classes(project / "data/prepared" / name)
    assert len(found) == classes
    assert with_background == background
    manifest = read_json(project / "data/prepared" / name / "manifest.json")
    assert all(part["images"] >= 6 and sum(part["pixels"]) > 100_000 for part in manifest["splits"].values())


def test_where_no_image_is_to_spare_folds_are_recorded(own: Path, project: Path) -> None:
    set_params({"datasets.folder.source.calib": None, "datasets.folder.source.crossfit": 3})
    prepare.main("folder")
    folder = project / "data/prepared/folder"
    assert read_crossfit(folder) == 3
    assert read_json(folder / "manifest.json")["splits"].keys() == {"test"}
    assert len(list(read_samples(folder, "test"))) == 12


def test_bad_input_replaces_nothing(own: Path, project: Path) -> None:
    prepare.main("folder")
    before = {path: path.read_bytes() for path in (project / "data/prepared").rglob("*") if path.is_file()}
    image = own / "images/photo 7.jpg"
    image.write_bytes(image.read_bytes()[:300])
    with pytest.raises(UserError, match=r"photo 7\.jpg cannot be read as an image"):
        prepare.main("folder")
    assert before == {path: path.read_bytes() for path in (project / "data/prepared").rglob("*") if path.is_file()}
