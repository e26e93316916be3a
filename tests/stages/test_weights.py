"""Published weights through the stages `weights`, `train` and `embed_text`; no network is reached."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML
from safetensors.torch import load_file

from groupseg.clip.network import ClipNetwork
from groupseg.errors import UserError
from groupseg.files import write_json
from groupseg.groupvit.network import GroupViTNetwork
from groupseg.groupvit.text import GroupViTText
from groupseg.groupvit.training import loop
from groupseg.groupvit.weights import load_groupvit
from groupseg.networks import load_network
from groupseg.text.features import load_features
from groupseg.text.prompts import embed_words
from stages import download, embed_text, stage, train, weights
from stages.params import load_params
from tests.clip import tiny as clip
from tests.groupvit import tiny as groupvit
from tests.groupvit.training import tiny as training

ROOT = Path(__file__).parents[2]
Section = dict[str, Any]

FRAME = {"short": 64, "long": 256, "crop": 64, "stride": 32}
GROUPVIT: Section = {
    "groupvit": asdict(groupvit.TINY), "frame": FRAME, "precision": "float32", "weights": "mine.pth",
}  # fmt: skip


def define(section: Section, corpora: Sequence[str] = ()) -> None:
    """Adds the model `mine` to params.yaml, and makes it the one that runs."""
    yaml, path = YAML(), Path("params.yaml")
    params = yaml.load(path)
    params["models"]["mine"] = section
    params["run"].update(model="mine", corpora=list(corpora))
    yaml.dump(params, path)


@pytest.fixture
def mine(project: Path) -> Path:
    define(GROUPVIT)
    torch.save({"model": groupvit.tiny_model().state_dict()}, project / "mine.pth")
    return project


def test_weights_of_groupvit_become_a_network_with_its_text_tower(mine: Path) -> None:
    weights.main("mine")
    train.main("mine")
    path = mine / "models/mine.safetensors"
    model, about = load_groupvit(path)
    assert about == replace(groupvit.ABOUT, frame=replace(groupvit.ABOUT.frame, patch=16))
    wanted = groupvit.tiny_model().state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in model.state_dict().items())
    assert isinstance(load_network(path), GroupViTNetwork)
    assert (mine / "results/train/mine.csv").read_text("utf-8") == "step,loss\n"


def test_class_names_are_embedded_by_the_text_tower(mine: Path) -> None:
    weights.main("mine")
    train.main("mine")
    write_json(mine / "data/prepared/folder/classes.json", {"classes": ["cat", "sofa"], "background": True})
    embed_text.main("folder")
    features, about = load_features(mine / "data/text/folder.safetensors")
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
    weights.main("mine")
    train.main("mine")
    network = load_network(project / "models/mine.safetensors")
    assert isinstance(network, ClipNetwork)
    assert network.frame == replace(groupvit.ABOUT.frame, patch=clip.PATCH)


def test_nothing_is_left_where_a_model_is_trained(project: Path) -> None:
    weights.main("scenes_small")
    assert load_file(project / "data/weights/scenes_small.safetensors") == {}


def test_a_file_that_is_not_there_is_one_line_and_leaves_nothing(mine: Path) -> None:
    (mine / "mine.pth").unlink()
    with pytest.raises(UserError, match=r"mine\.pth is missing\. Give the path"):
        weights.main("mine")
    assert not (mine / "data/weights/mine.safetensors").exists()


def need(*archives: Path) -> None:
    """Lets the model `mine` need these files, as archives that are here already."""
    section = {"urls": ["https://example.org/a"], "licence": "research", "terms": "https://example.org"}
    yaml, path = YAML(), Path("params.yaml")
    params = yaml.load(path)
    params["archives"].update({file.stem: {**section, "file": file.name, "path": str(file)} for file in archives})
    params["needs"]["models"]["mine"] = [file.stem for file in archives]
    yaml.dump(params, path)


def test_without_a_file_of_ones_own_the_archive_that_the_model_needs_is_taken(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUPSEG_CACHE", str(mine / "cache"))
    define({name: value for name, value in GROUPVIT.items() if name != "weights"})
    need(mine / "mine.pth")
    download.main()
    weights.main("mine")
    load_groupvit(mine / "data/weights/mine.safetensors")
    (mine / "other.pth").write_bytes(b"other")
    for archives in ((), (mine / "mine.pth", mine / "other.pth")):
        need(*archives)
        download.main()
        with pytest.raises(
            UserError, match=rf"needs\.models\.mine must name one archive.* but names {len(archives)}\. Mend it"
        ):
            weights.main("mine")


def test_weights_of_another_shape_are_one_line(mine: Path) -> None:
    define({**GROUPVIT, "groupvit": {**asdict(groupvit.TINY), "space": 7}})
    with pytest.raises(UserError, match=r"mine\.pth does not fit the architecture: .*linear_out\.weight has shape"):
        weights.main("mine")


@pytest.fixture
def learner(project: Path) -> Path:
    """A project with a model that is trained, and its captions."""
    groupvit_section = {"groupvit": asdict(training.ARCHITECTURE), "frame": FRAME, "precision": "float32"}
    define({**groupvit_section, "training": asdict(training.RECIPE)}, ["scenes20"])
    training.write_corpus(project / "data/captions/scenes20")
    return project


def test_two_processes_take_up_what_one_has_left_and_train_the_same_model(
    learner: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loop, "STATE_EVERY", 3)
    weights.main("mine")
    train.main("mine")
    path = learner / "models/mine.safetensors"
    network = load_network(path)
    assert isinstance(network, GroupViTNetwork)
    assert network.frame == replace(groupvit.ABOUT.frame, patch=16)
    assert list((learner / ".work/train").iterdir()) == []  # no state of a training that is done
    alone = pd.read_csv(learner / "results/train/mine.csv")
    assert list(alone) == ["step", "loss", "caption", "multi_label"]
    assert list(alone["step"]) == list(range(1, training.RECIPE.steps + 1))
    wanted, _ = load_groupvit(path)

    descend = loop._descend

    def break_down(*given: Any) -> dict[str, float]:
        if given[-1] == 4:
            raise KeyboardInterrupt
        return descend(*given)

    monkeypatch.setattr(loop, "_descend", break_down)
    with pytest.raises(KeyboardInterrupt):
        weights.main("mine")
    monkeypatch.setattr(stage, "ROOT", Path())
    monkeypatch.setenv("GROUPSEG_PROCESSES", "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr("sys.argv", ["stages/weights.py", "mine"])
    stage.run(weights.main, shared=True)
    assert "Going on after step 3" in capfd.readouterr().out
    # Not equal: the steps of Adam make rounding large where a gradient is nearly nothing.
    np.testing.assert_allclose(pd.read_csv(learner / "data/weights/mine.csv"), alone, rtol=0.02)
    found, _ = load_groupvit(learner / "data/weights/mine.safetensors")
    bias = "img_projector.linear_hidden.1.bias"
    torch.testing.assert_close(found.state_dict()[bias], wanted.state_dict()[bias], rtol=0.02, atol=1e-3)
    assert list((learner / ".work/train").iterdir()) == []


def test_training_without_captions_is_one_line(learner: Path) -> None:
    for shard in (learner / "data/captions/scenes20").iterdir():
        shard.unlink()
    with pytest.raises(UserError, match="scenes20 holds no train split"):
        weights.main("mine")


def test_a_recipe_is_checked_key_by_key(learner: Path) -> None:
    section = {**GROUPVIT, "training": {**asdict(training.RECIPE), "step": 3, "clip": "much"}}
    define(section)
    with pytest.raises(UserError) as error:
        load_params()
    lines = str(error.value).splitlines()
    assert any("models.mine.training.step: unknown key; did you mean 'steps'?" in line for line in lines)
    assert any("models.mine.training.clip: must be a valid number; got 'much'" in line for line in lines)
    assert any("run.corpora: must have at least 1 item, for 'mine' is trained on them" in line for line in lines)
    define({**GROUPVIT, "training": asdict(training.RECIPE)}, ["scenes20"])
    with pytest.raises(UserError, match=r"models\.mine: .*must hold `weights` or `training`, not both"):
        load_params()
