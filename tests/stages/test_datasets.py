"""Every data set that params.yaml defines, from its archives or folder to figures."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from groupseg.datasets.shards import read_class_list, read_samples
from groupseg.files import read_json
from groupseg.model.weights import save_model
from groupseg.text.features import save_features
from groupseg.text.prompts import class_words
from stages import calibrate, download, evaluate, prepare, segment
from stages.params import load_params
from stages.schema import Archive, FilesSource, Params
from tests.datasets.layouts import ARCHIVES, instances_json, pack, save_pair, write_lists
from tests.model.tiny import tiny_model
from tests.tables import unit

SHIPPED = load_params(Path(__file__).parents[2] / "params.yaml")
STRATEGIES = ["fixed", "global"]

# Images of the test split of what `layouts` makes, and how many classes each data set has.
EXPECTED = {
    "voc": (3, 20), "voc20": (3, 20), "voc_aug": (3, 20), "context": (3, 59), "context59": (3, 59),
    "coco_object": (6, 80), "coco_object_instances": (6, 80), "coco_stuff": (6, 171), "ade20k": (6, 150),
    "cityscapes": (3, 19), "voc_folder": (3, 20), "folder": (3, 3), "coco_folder": (4, 80),
}  # fmt: skip


def test_every_data_set_of_files_is_tried() -> None:
    assert set(EXPECTED) == {name for name, one in SHIPPED.datasets.items() if isinstance(one.source, FilesSource)}


def lay_out(name: str, folder: Path) -> dict[str, Path]:
    """Puts what a data set is made from into `folder`; returns its archives by the names of params.yaml."""
    if name in ("voc_folder", "cityscapes"):
        (path,) = pack(folder, name.removesuffix("_folder"))
        (folder / "unpacked" / path.name).rename(folder / "cityscapes" if name == "cityscapes" else folder / "devkit")
        if name == "voc_folder":
            (folder / "devkit/VOCdevkit").rename(folder / "VOCdevkit")
    elif name == "folder":
        for index in range(5):
            save_pair(folder, f"photo {index}", "images", "masks", 2, seed=index)
        write_lists(folder, classes=["cat", "dog", "sky"])
    elif name == "coco_folder":
        pack(folder, "coco_object_instances")
        (folder / "unpacked/val2017.zip/val2017").rename(folder / "images")
        (folder / "annotations.json").write_text(json.dumps(instances_json()))
    else:
        source = {"voc20": "voc", "context59": "context"}.get(name, name)
        needed = SHIPPED.needs.datasets[name]
        assert [SHIPPED.archives[archive].file for archive in needed] == list(ARCHIVES[source])
        return dict(zip(needed, pack(folder, source), strict=True))
    return {}


@pytest.fixture(params=EXPECTED)
def params(
    request: pytest.FixtureRequest, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """What the stages read, with small archives in the place of the published ones."""
    name, folder = request.param, tmp_path / "raw"
    folder.mkdir()
    monkeypatch.setenv("GROUPSEG_CACHE", str(tmp_path / "cache"))
    archives = {archive: small(SHIPPED.archives[archive], path) for archive, path in lay_out(name, folder).items()}
    dataset, calib = SHIPPED.datasets[name], {"calib": 2} if SHIPPED.datasets[name].source.calib else {}
    params = SimpleNamespace(
        run=SimpleNamespace(datasets=[name], corpora=[], strategies=STRATEGIES, model="tiny", folder=str(folder)),
        datasets={name: dataset.model_copy(update={"source": dataset.source.model_copy(update=calib)})},
        archives=archives,
        needs=SHIPPED.needs,
        strategies=SHIPPED.strategies,
        models={"tiny": SimpleNamespace(architecture=tiny_model().architecture)},
        evaluate=SimpleNamespace(resamples=20, seed=0),
    )
    for stage in (download, prepare, segment, calibrate, evaluate):
        monkeypatch.setattr(stage, "load_params", lambda: params)
    return params


def small(archive: Archive, path: Path) -> Archive:
    """The archive as one's own copy, of other bytes."""
    known = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "sha1": None, "md5": None}
    return archive.model_copy(update={**known, "size": path.stat().st_size, "path": str(path)})


def embed(params: Params, name: str) -> None:
    """Stands for the text encoder: a random vector for the words of each class."""
    classes, _ = read_class_list(Path("data/prepared") / name)
    words = class_words(classes, params.datasets[name].prompts.names)
    rng = np.random.default_rng(0)
    features = {
        "classes": unit(rng.normal(size=(len(words), 8))), "ensemble": unit(rng.normal(size=(1, len(words), 8))),
    }  # fmt: skip
    about = {
        "classes": classes,
        "words": words,
        "encoder": "random",
        "templates": ["a {}."],
        "ensemble": ["a {}."],
        "lists": {},
    }
    save_features(f"data/text/{name}.safetensors", features, about)


def test_every_data_set_goes_from_its_files_to_figures(params: Params) -> None:
    (name,) = params.run.datasets
    download.main()
    prepare.main(name)
    source, (images, classes) = params.datasets[name].source, EXPECTED[name]
    manifest = read_json(f"data/prepared/{name}/manifest.json")
    counts = {split: part["images"] for split, part in manifest["splits"].items()}
    assert counts == ({"test": images} if source.crossfit else {"calib": 2, "test": images})
    masks = [sample.mask for sample in read_samples(Path("data/prepared") / name, "test")]
    labels = np.bincount(np.concatenate([mask.ravel() for mask in masks]), minlength=256)
    assert manifest["splits"]["test"]["pixels"] == labels[: classes + 1].tolist()
    assert labels[1 : classes + 1].any()
    assert not labels[classes + 1 : 255].any()

    embed(params, name)
    save_model(tiny_model(), "models/tiny.safetensors")
    segment.main(name)
    for strategy in STRATEGIES:
        calibrate.main(name, strategy)
    evaluate.main(name)
    metrics = read_json(f"results/metrics/{name}.json")
    assert (metrics["images"], metrics["classes"]) == (images, classes)
    assert set(metrics["strategies"]) == set(STRATEGIES)
    assert all(0 <= figures["miou"] <= 1 for figures in metrics["strategies"].values())
