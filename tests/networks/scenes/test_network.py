"""The models trained here behind the interface of all networks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch.nn import functional as F

from groupseg.errors import UserError
from groupseg.networks.frame import Square
from groupseg.networks.registry import load_network
from groupseg.networks.scenes.images import normalise_scenes
from groupseg.networks.scenes.network import SceneNetwork, load_scene_network
from groupseg.networks.scenes.weights import save_model
from tests.networks.scenes.tiny import tiny_model

WINDOWS = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("merged", [0, 2])
def test_groups_are_those_of_the_model(merged: int) -> None:
    model = tiny_model(merged=merged)
    network, groups = SceneNetwork(model), model(normalise_scenes(WINDOWS))
    found = network(WINDOWS)
    torch.testing.assert_close(found.embedding, F.normalize(groups.segments, dim=2), rtol=0, atol=0)
    torch.testing.assert_close(found.image, groups.image, rtol=0, atol=0)
    torch.testing.assert_close(found.masks.sum(dim=1), torch.ones(3, 4, 4))
    assert torch.equal(found.masks.argmax(dim=1), groups.logits.argmax(dim=1))
    assert network.frame == Square(32)
    assert network.scale == model.scale("segment").item()
    np.testing.assert_array_equal(network.background, model.background[0].detach())
    np.testing.assert_array_equal(network.text_mean, model.text_mean)


def test_a_file_is_known_by_what_it_says(tmp_path: Path) -> None:
    model = tiny_model(dim=8, tokens=3)
    save_model(model, tmp_path / "model.safetensors")
    for load in (load_network, load_scene_network):
        for expected, found in zip(SceneNetwork(model)(WINDOWS), load(tmp_path / "model.safetensors")(WINDOWS)):  # noqa: B905
            torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_files_that_hold_no_model_are_errors_of_one_line(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(UserError, match="is missing"):
        load_scene_network(path)
    save_file({"x": np.zeros(3)}, path)
    with pytest.raises(UserError, match="holds no groupseg model"):
        load_scene_network(path)
    for content in ('{"dim": 8}', '{"dim"'):
        save_file({"x": np.zeros(3)}, path, {"architecture": content})
        with pytest.raises(UserError, match="holds no groupseg model") as caught:
            load_scene_network(path)
        assert "\n" not in str(caught.value)
    save_model(tiny_model(), path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match="holds no groupseg model"):
        load_scene_network(path)
