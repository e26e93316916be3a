"""Models that are trained here, and published weights that become files of ours; no network is reached."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from groupseg.errors import UserError
from groupseg.io.files import write_json
from groupseg.networks.clip.network import ClipNetwork
from groupseg.networks.groupvit.network import GroupViTNetwork
from groupseg.networks.groupvit.text import GroupViTText
from groupseg.networks.groupvit.training import loop
from groupseg.networks.groupvit.weights import load_groupvit
from groupseg.networks.registry import load_network
from groupseg.networks.scenes.network import SceneNetwork
from groupseg.text.features import load_features
from groupseg.text.prompts import embed_words
from stages import embed_text, paths, sources, train
from stages.params import load_params
from tests.networks.clip import tiny as clip
from tests.networks.groupvit import tiny as groupvit
from tests.networks.groupvit.training import tiny as training
from tests.networks.scenes.tiny import TINY
from tests.networks.scenes.training.tiny import RECIPE
from tests.stages.processes import in_two_processes
from tests.stages.small import note_model, save_captions, set_params

Section = dict[str, Any]

WEIGHTS, HISTORY = Path("models/mine.safetensors"), Path("models/mine.csv")
FRAME = {"short": 64, "long": 256, "crop": 64, "stride": 32}
GROUPVIT: Section = {
    "groupvit": asdict(groupvit.TINY), "frame": FRAME, "precision": "float32", "weights": "mine.pth",
}  # fmt: skip


def define(section: Section, corpora: Sequence[str] = ()) -> None:
    """Adds the model `mine` to params.yaml, and makes it the one that runs."""
    set_params({"models.mine": section, "run.model": "mine", "run.corpora": list(corpora)})
    note_model("mine")


@pytest.fixture
def mine(project: Path) -> Path:
    define(GROUPVIT)
    torch.save({"model": groupvit.tiny_model().state_dict()}, project / "mine.pth")
    return project


def test_weights_of_groupvit_become_a_network_with_its_text_tower(mine: Path) -> None:
    train.main("mine")
    model, about = load_groupvit(WEIGHTS)
    assert about == replace(groupvit.ABOUT, frame=replace(groupvit.ABOUT.frame, patch=16))
    wanted = groupvit.tiny_model().state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in model.state_dict().items())
    assert isinstance(load_network(WEIGHTS), GroupViTNetwork)
    assert HISTORY.read_text("utf-8") == "step,loss\n"

    write_json(paths.prepared("folder") / "classes.json", {"classes": ["cat", "sofa"], "background": True})
    embed_text.main("folder")
    features, about = load_features(paths.text("folder"))
    assert about["encoder"] == "mine"
    encoder = GroupViTText(groupvit.tiny_model())
    np.testing.assert_array_equal(features["classes"], embed_words(encoder, about["words"], about["templates"]))
    np.testing.assert_allclose(np.linalg.norm(features["ensemble"], axis=2), 1, atol=1e-6)
    assert features["list.sclip"].shape == (len(about["lists"]["sclip"]), groupvit.TINY.space)


def test_weights_of_clip_become_a_network(project: Path) -> None:
    clip.register(project)
    look = {"name": clip.NAME, "attention": "maskclip", "clusters": 4, "connected": True, "scale": None,
            "normalisation": "clip"}  # fmt: skip
    define({"clip": look, "frame": FRAME, "precision": "float32", "weights": "mine.pt"})
    torch.save(clip.tiny_clip().state_dict(), project / "mine.pt")
    train.main("mine")
    network = load_network(WEIGHTS)
    assert isinstance(network, ClipNetwork)
    assert network.frame == replace(groupvit.ABOUT.frame, patch=clip.PATCH)


def test_a_file_that_is_not_there_is_one_line_and_leaves_nothing(mine: Path) -> None:
    (mine / "mine.pth").unlink()
    with pytest.raises(UserError, match=r"mine\.pth is missing\. Give the path"):
        train.main("mine")
    assert not WEIGHTS.exists()


def test_weights_of_another_shape_are_one_line(mine: Path) -> None:
    define({**GROUPVIT, "groupvit": {**asdict(groupvit.TINY), "space": 7}})
    with pytest.raises(UserError, match=r"mine\.pth does not fit the architecture: .*linear_out\.weight has shape"):
        train.main("mine")


def need(*archives: Path) -> None:
    """Lets the model `mine` need these files, as archives that are here already."""
    about = {"urls": ["https://example.org/a"], "licence": "research", "terms": "https://example.org"}
    sections = {f"archives.{file.stem}": {**about, "file": file.name, "path": str(file)} for file in archives}
    set_params({**sections, "needs.models.mine": [file.stem for file in archives]})
    note = {"code": "same", **sources.of_files(load_params(), "models", "mine")}
    write_json(paths.source("models", "mine"), note)


def test_without_a_file_of_ones_own_the_archive_that_the_model_needs_is_taken(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUPSEG_CACHE", str(mine / "cache"))
    define({name: value for name, value in GROUPVIT.items() if name != "weights"})
    need(mine / "mine.pth")
    train.main("mine")
    load_groupvit(WEIGHTS)
    (mine / "other.pth").write_bytes(b"other")
    for archives in ((), (mine / "mine.pth", mine / "other.pth")):
        need(*archives)
        message = rf"needs\.models\.mine must name one archive.* but names {len(archives)}\. Mend it"
        with pytest.raises(UserError, match=message):
            train.main("mine")


def test_the_small_network_is_trained_once(project: Path) -> None:
    define({"architecture": TINY, "training": asdict(replace(RECIPE, steps=2))}, ["scenes20"])
    save_captions()
    train.main("mine")
    assert isinstance(load_network(WEIGHTS), SceneNetwork)
    assert len(HISTORY.read_text("utf-8").splitlines()) == 3
    written, content = WEIGHTS.stat().st_mtime_ns, WEIGHTS.read_bytes()
    train.main("mine")
    assert WEIGHTS.stat().st_mtime_ns == written
    write_json(paths.source("models", "mine"), {"code": "other"})
    train.main("mine")
    assert WEIGHTS.stat().st_mtime_ns > written
    assert WEIGHTS.read_bytes() != content  # the key is in it


@pytest.fixture
def learner(project: Path) -> Path:
    """A project with a GroupViT that is trained, and its captions."""
    section = {"groupvit": asdict(training.ARCHITECTURE), "frame": FRAME, "precision": "float32"}
    define({**section, "training": asdict(training.RECIPE)}, ["scenes20"])
    training.write_corpus(paths.CAPTIONS / "scenes20")
    return project


def test_two_processes_take_up_what_one_has_left_and_train_the_same_model(
    learner: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loop, "_STATE_EVERY", 3)
    train.main("mine")
    network = load_network(WEIGHTS)
    assert isinstance(network, GroupViTNetwork)
    assert network.frame == replace(groupvit.ABOUT.frame, patch=16)
    assert list((learner / ".work/train").iterdir()) == []  # no state of a training that is done
    alone = pd.read_csv(HISTORY)
    assert list(alone) == ["step", "loss", "caption", "multi_label"]
    assert list(alone["step"]) == list(range(1, training.RECIPE.steps + 1))
    wanted, _ = load_groupvit(WEIGHTS)

    for path in (WEIGHTS, HISTORY):
        path.unlink()
    descend = loop._descend

    def break_down(*given: Any) -> dict[str, float]:
        if given[-1] == 4:
            raise KeyboardInterrupt
        return descend(*given)

    monkeypatch.setattr(loop, "_descend", break_down)
    with pytest.raises(KeyboardInterrupt):
        train.main("mine")
    assert not WEIGHTS.exists()
    monkeypatch.setattr(loop, "_descend", descend)
    in_two_processes(train.main, "mine")
    assert "Going on after step 3" in capfd.readouterr().out
    # Not equal: the steps of Adam make rounding large where a gradient is nearly nothing.
    np.testing.assert_allclose(pd.read_csv(HISTORY), alone, rtol=0.02)
    found, _ = load_groupvit(WEIGHTS)
    bias = "img_projector.linear_hidden.1.bias"
    torch.testing.assert_close(found.state_dict()[bias], wanted.state_dict()[bias], rtol=0.02, atol=1e-3)
    assert list((learner / ".work/train").iterdir()) == []


def test_training_without_captions_is_one_line(learner: Path) -> None:
    for shard in (paths.CAPTIONS / "scenes20").iterdir():
        shard.unlink()
    with pytest.raises(UserError, match="scenes20 holds no train split"):
        train.main("mine")
