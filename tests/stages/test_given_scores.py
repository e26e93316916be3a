"""Scores of somebody else's network, from files and by a function, from the file of the model to the report."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from groupseg.datasets.shards import read_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json
from groupseg.metrics.confusion import confusion_from_maps
from groupseg.networks.registry import load_network
from groupseg.segments.table import SegmentTable
from stages import calibrate, embed_text, evaluate, paths, prepare, report, segment, sources, studies, train
from stages.params import load_params
from tests.datasets.layouts import save_pair, write_lists
from tests.stages.conftest import enter
from tests.stages.small import note_code, set_params

CLASSES = ["background", "cat", "dog"]
WEIGHT = [[3.0, -1.0, 0.0], [-2.0, 1.0, 4.0]]
FUNCTION = f"""
import torch

def load(classes):
    assert classes == ("cat", "dog")
    network = torch.nn.Conv2d(3, 2, 1, bias=False)
    network.weight.data = torch.tensor({WEIGHT})[:, :, None, None]
    return lambda image: network(torch.as_tensor(image).float().permute(2, 0, 1)[None] / 255)[0]
"""


def logits(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the function says, by hand."""
    return np.einsum("cd,hwd->chw", np.array(WEIGHT), image / 255).astype(np.float32)


def by_files(folder: Path) -> dict[str, Any]:
    for path in (folder / "own/mine/images").iterdir():
        (folder / "scores/folder").mkdir(parents=True, exist_ok=True)
        np.savez(folder / f"scores/folder/{path.stem}.npz", logits(np.asarray(Image.open(path).convert("RGB"))))
    return {"folder": "scores", "kind": "logits"}


def by_function(folder: Path) -> dict[str, Any]:
    (folder / "segmenter_of_mine.py").write_text(FUNCTION)
    return {"python": "segmenter_of_mine:load", "kind": "logits"}


@pytest.fixture(scope="module", params=[by_files, by_function], ids=["files", "function"])
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A project in which all has run."""
    way: Callable[[Path], dict[str, Any]] = request.param
    with pytest.MonkeyPatch.context() as patch:
        folder = enter(tmp_path_factory.mktemp("given") / "project", patch)
        patch.syspath_prepend(str(folder))
        shutil.copy(Path(__file__).parents[2] / "dvc.yaml", folder)
        for index in range(8):
            save_pair(folder / "own/mine", f"photo {index}", "images", "masks", 2, seed=index)
        write_lists(folder / "own/mine", classes=CLASSES)
        set_params(
            {
                "run.name": "given", "run.model": "given", "run.datasets": ["folder"], "run.corpora": [],
                "run.variants": [], "run.folder": "own", "run.strategies": ["half", "own", "own_per_class", "context"],
                "models.given.scores": way(folder),
                "datasets.folder.source.path": "mine", "datasets.folder.baseline": "half",
                "strategies.half": {"rule": "fixed", "score": "probability", "threshold": 0.75, "clamp": False},
                "evaluate": {"resamples": 20, "seed": 0, "best": "own"},
                "studies.learning": {"sizes": [2], "draws": 1, "seed": 0},
                "studies.vocabulary": {"sizes": [1], "absent": [], "draws": 1, "seed": 0, "strategies": ["own"]},
            }
        )  # fmt: skip
        note_code()
        note = {"name": "given", "code": "same", **sources.of_files(load_params(), "models", "given")}
        write_json(paths.source("models", "given"), note)
        train.main("given")
        for stage in (prepare, embed_text, segment, calibrate, evaluate, studies):
            stage.main("folder")
        report.main()
        yield folder


def test_the_figures_are_those_of_every_pixel(done: Path) -> None:
    at = np.zeros((3, 3), dtype=np.int64)
    for sample in read_samples(paths.prepared("folder"), "test"):
        shares = torch.from_numpy(logits(sample.image)).double().softmax(dim=0)
        labels = torch.where(shares.amax(dim=0) >= 0.75, shares.argmax(dim=0) + 1, 0).numpy()
        at += confusion_from_maps(sample.mask.astype(np.int64), labels, 2)
    own = np.diag(at) / (at.sum(axis=0) + at.sum(axis=1) - np.diag(at))
    found = read_json(Path("results/given/metrics/folder.json"))["strategies"]
    assert found["half"]["miou"] == pytest.approx(own.mean(), abs=1e-6)
    assert set(found) == {"half", "own", "own_per_class"}


def test_the_table_and_the_report_say_where_scores_come_from(done: Path) -> None:
    table = SegmentTable.load(paths.table("folder", "test"))
    assert table.kind == "scores"
    assert table.protocol["scores"].startswith("logits by ")
    assert "data:image/svg+xml" in Path("results/given/report.html").read_text("utf-8")
    with pytest.raises(UserError, match="holds no network"):
        load_network(paths.weights("given"))


def test_other_scores_are_another_model(done: Path) -> None:
    source = load_params().models["given"].scores
    before = sources.of_files(load_params(), "models", "given")
    changed = next(done.glob("scores/folder/*.npz")) if source.folder else done / "segmenter_of_mine.py"
    content = changed.read_bytes()
    changed.write_bytes(content + b"\n")
    assert sources.of_files(load_params(), "models", "given") != before
    changed.write_bytes(content)


def test_given_scores_are_not_refined(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(done / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    set_params({"refine.given": {"kind": "pamr"}})
    with pytest.raises(UserError, match=r"refine\.given: scores that are given are taken as they are; leave this out"):
        load_params()
