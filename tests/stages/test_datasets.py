"""Every data set that params.yaml defines, from its archives or folder to figures."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from groupseg.datasets.shards import read_prepared_classes, read_samples
from groupseg.io.files import read_json, write_json
from groupseg.io.yaml_file import read_yaml
from groupseg.networks.scenes.weights import save_model
from groupseg.text.prompts import class_words
from stages import calibrate, evaluate, paths, prepare, segment, sources
from stages.params import load_params
from stages.schema import Archive, FilesSource
from tests.datasets.layouts import ARCHIVES, instances_json, pack, save_pair, write_lists
from tests.networks.scenes.tiny import TINY, tiny_model
from tests.stages.small import note_code, save_text, set_params
from tests.tables import unit, vocabulary

ROOT = Path(__file__).parents[2]
SHIPPED = load_params(ROOT / "params.yaml")
STRATEGIES = ["fixed", "global"]
MODEL = "scenes_small"

# Images of the test split of what `layouts` makes, and how many classes each data set has.
EXPECTED = {
    "voc": (3, 20), "voc20": (3, 20), "voc_aug": (3, 20), "context": (3, 59), "context59": (3, 59),
    "coco_object": (6, 80), "coco_object_instances": (6, 80), "coco_stuff": (6, 171), "ade20k": (6, 150),
    "cityscapes": (3, 19), "voc_folder": (3, 20), "folder": (3, 3), "coco_folder": (4, 80),
}  # fmt: skip


def test_every_data_set_of_files_is_tried() -> None:
    defined = read_yaml(ROOT / "params.yaml")["datasets"]
    assert set(EXPECTED) == {name for name in defined if isinstance(SHIPPED.datasets[name].source, FilesSource)}


def test_archives_are_called_as_their_publishers_call_them() -> None:
    for name, needed in SHIPPED.needs.datasets.items():
        if name not in EXPECTED:  # the files of another one, with other words
            continue
        source = {"voc20": "voc", "context59": "context"}.get(name, name)
        assert tuple(SHIPPED.archives[archive].file for archive in needed) == ARCHIVES[source]


def small(archive: Archive, path: Path) -> dict[str, object]:
    """The section of an archive as one's own copy, of other bytes."""
    known = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size, "path": str(path)}
    return archive.model_dump(exclude={"sha1", "md5"}) | known


def lay_out(packed: Path) -> None:
    """Puts what is no archive where params.yaml says, out of what was packed."""
    raw = Path("data/raw")
    shutil.copytree(packed / "voc/unpacked/VOCtrainval_11-May-2012.tar", raw)
    shutil.copytree(packed / "cityscapes/unpacked/cityscapes.tar", raw / "cityscapes")
    for index in range(5):
        save_pair(raw / "mine", f"photo {index}", "images", "masks", 2, seed=index)
    write_lists(raw / "mine", classes=["cat", "dog", "sky"])
    shutil.copytree(packed / "coco_object/unpacked/val2017.zip/val2017", raw / "coco/images")
    write_json(raw / "coco/annotations.json", instances_json())


@pytest.fixture(scope="module")
def archived(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All data sets in one project, with small archives in place of the published ones, and an untrained model."""
    folder = tmp_path_factory.mktemp("archives")
    made = {path.name: path for source in ARCHIVES for path in pack(folder / source, source)}
    used = {name: one for name, one in SHIPPED.archives.items() if one.file in made}
    drawn = [name for name in EXPECTED if SHIPPED.datasets[name].source.calib]
    set_params(
        {
            "run.datasets": list(EXPECTED),
            "run.corpora": ["scenes20"],
            "run.strategies": STRATEGIES,
            "run.variants": [],
            "evaluate": {"resamples": 20, "seed": 0, "best": "global"},
            **{f"datasets.{name}.baseline": "fixed" for name in EXPECTED},
            "datasets.folder.source.path": "mine",
            "datasets.coco_folder.source.path": "coco",
            **{f"archives.{name}": small(archive, made[archive.file]) for name, archive in used.items()},
            **{f"datasets.{name}.source.calib": 2 for name in drawn},
            **{f"datasets.{name}.source.crossfit": 3 for name in EXPECTED if name not in drawn},  # few images
        }
    )
    lay_out(folder)
    note_code()
    save_model(tiny_model(), paths.weights(MODEL))
    for name in EXPECTED:
        write_json(paths.source("datasets", name), sources.of_files(load_params(), "datasets", name))


def embed(name: str) -> None:
    """Stands for the text encoder: a random vector for the words of each class."""
    classes, _ = read_prepared_classes(paths.prepared(name))
    words = class_words(classes, SHIPPED.datasets[name].prompts.names)
    given = vocabulary(classes, unit(np.random.default_rng(0).normal(size=(len(words), TINY["text_dim"]))))
    save_text(given, name, words=words)


@pytest.mark.usefixtures("archived")
@pytest.mark.parametrize("name", EXPECTED)
def test_every_data_set_goes_from_its_files_to_figures(name: str) -> None:
    prepare.main(name)
    source, (images, classes) = SHIPPED.datasets[name].source, EXPECTED[name]
    manifest = read_json(paths.prepared(name) / "manifest.json")
    counts = {split: part["images"] for split, part in manifest["splits"].items()}
    assert counts == ({"test": images} if source.crossfit else {"calib": 2, "test": images})
    masks = [sample.mask for sample in read_samples(paths.prepared(name), "test")]
    labels = np.bincount(np.concatenate([mask.ravel() for mask in masks]), minlength=256)
    assert manifest["splits"]["test"]["pixels"] == labels[: classes + 1].tolist()
    assert labels[1 : classes + 1].any()
    assert not labels[classes + 1 : 255].any()

    embed(name)
    segment.main(name)
    calibrate.main(name)
    evaluate.main(name)
    metrics = read_json(f"results/scenes/metrics/{name}.json")
    assert (metrics["images"], metrics["classes"]) == (images, classes)
    assert set(metrics["strategies"]) == set(STRATEGIES)
    assert all(0 <= figures["miou"] <= 1 for figures in metrics["strategies"].values())
