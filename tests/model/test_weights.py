from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from groupseg.errors import UserError
from groupseg.model.weights import load_model, save_model
from tests.model.tiny import tiny_model


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_model(tiny_model(), tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_round_trip(saved: Path) -> None:
    model, images = tiny_model(), torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(
        load_model(saved, model.architecture)(images).segments, model(images).segments, rtol=0, atol=0
    )


def test_equal_models_are_equal_bytes(saved: Path, tmp_path: Path) -> None:
    save_model(tiny_model(), tmp_path / "again.safetensors")
    assert saved.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_truncated(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"model\.safetensors holds no groupseg model"):
        load_model(saved, tiny_model().architecture)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.safetensors is missing"):
        load_model(tmp_path / "none.safetensors", tiny_model().architecture)


def test_another_configuration(saved: Path) -> None:
    with pytest.raises(UserError, match=r"another architecture: tokens is 4 in the file and 6 in params\.yaml"):
        load_model(saved, tiny_model(tokens=6).architecture)


def test_keys_that_do_not_fit_are_named(saved: Path) -> None:
    from safetensors import safe_open

    with safe_open(saved, framework="pt") as file:
        metadata = file.metadata()
    state = load_file(saved)
    state["extra"] = state.pop("group_token")
    state["pos_embed"] = state["pos_embed"][:, :3].contiguous()
    save_file(state, saved, metadata)
    with pytest.raises(
        UserError,
        match=r"group_token is missing; extra is unknown; pos_embed has shape \(1, 3, 16\) instead of \(1, 16, 16\)",
    ):
        load_model(saved, tiny_model().architecture)
