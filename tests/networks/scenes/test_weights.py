from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from groupseg.errors import UserError
from groupseg.networks.scenes.weights import load_model, read_training_key, save_model
from tests.networks.scenes.tiny import tiny_model


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_model(tiny_model(), tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_round_trip(saved: Path) -> None:
    model, images = tiny_model(), torch.randn(2, 3, 32, 32)
    loaded = load_model(saved)
    assert loaded.architecture == model.architecture
    assert not loaded.training
    torch.testing.assert_close(loaded(images).segments, model(images).segments, rtol=0, atol=0)


def test_the_key_of_a_training_is_kept_and_changes_no_model(saved: Path, tmp_path: Path) -> None:
    assert read_training_key(saved) == ""
    path = tmp_path / "keyed.safetensors"
    save_model(tiny_model(), path, "some key")
    assert read_training_key(path) == "some key"
    first, second = load_model(saved).state_dict(), load_model(path).state_dict()
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_what_is_no_whole_model_has_no_key(saved: Path, tmp_path: Path) -> None:
    assert read_training_key(tmp_path / "none.safetensors") is None
    save_file(load_file(saved), tmp_path / "other.safetensors")
    assert read_training_key(tmp_path / "other.safetensors") is None
    saved.write_bytes(saved.read_bytes()[:-100])
    assert read_training_key(saved) is None


def test_equal_models_are_equal_bytes(saved: Path, tmp_path: Path) -> None:
    save_model(tiny_model(), tmp_path / "again.safetensors")
    assert saved.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_truncated(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"model\.safetensors holds no groupseg model"):
        load_model(saved)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.safetensors is missing"):
        load_model(tmp_path / "none.safetensors")


@pytest.mark.parametrize("metadata", [None, {"architecture": "no JSON"}, {"architecture": '{"tokens": 4}'}])
def test_tensors_that_do_not_say_what_they_are(saved: Path, metadata: dict[str, str] | None) -> None:
    save_file(load_file(saved), saved, metadata)
    with pytest.raises(UserError, match=r"model\.safetensors holds no groupseg model \(.+ Delete it and run"):
        load_model(saved)


def test_keys_that_do_not_fit_are_named(saved: Path) -> None:
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
        load_model(saved)
