from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from groupseg.errors import UserError
from groupseg.networks.clip.network import ClipNetwork
from groupseg.networks.clip.text import ClipText
from groupseg.networks.clip.weights import save_clip
from groupseg.networks.groupvit.network import GroupViTNetwork
from groupseg.networks.groupvit.text import GroupViTText
from groupseg.networks.groupvit.weights import save_groupvit
from groupseg.networks.registry import find_kind, load_network, load_text_tower
from groupseg.networks.scenes.network import SceneNetwork
from groupseg.networks.scenes.weights import save_model
from tests.networks.clip import tiny as clip
from tests.networks.groupvit import tiny as groupvit
from tests.networks.scenes.tiny import tiny_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def test_models_trained_here_have_no_text_tower(path: Path) -> None:
    save_model(tiny_model(), path)
    assert find_kind(path).name == "architecture"
    assert isinstance(load_network(path), SceneNetwork)
    assert load_text_tower(path) is None


def test_groupvit_has_one(path: Path) -> None:
    save_groupvit(groupvit.tiny_model().state_dict(), groupvit.ABOUT, path)
    assert find_kind(path).name == "groupvit"
    assert isinstance(load_network(path), GroupViTNetwork)
    assert isinstance(load_text_tower(path), GroupViTText)


def test_clip_has_one(path: Path) -> None:
    clip.register(path.parent)
    save_clip(clip.tiny_clip().state_dict(), clip.about(), path)
    assert find_kind(path).name == "clip"
    assert isinstance(load_network(path), ClipNetwork)
    assert isinstance(load_text_tower(path), ClipText)


@pytest.mark.parametrize("read", [find_kind, load_network, load_text_tower])
def test_what_is_no_network_of_ours_is_one_line(path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(UserError, match=r"model\.safetensors is missing\. Run `dvc repro`"):
        read(path)
    path.write_bytes(b"12")
    with pytest.raises(UserError, match=r"model\.safetensors is no file of weights, or only a part of one"):
        read(path)
    save_file({"a": torch.zeros(1)}, path, {"format": "pt"})
    with pytest.raises(UserError, match=r"does not say which network it holds \(metadata: format\)\. Bring published"):
        read(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(UserError, match=r"\(metadata: none\)"):
        read(path)
