import json
import os
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import GroupViTConfig, GroupViTModel

from groupseg.errors import UserError
from groupseg.io.tensors import shapes
from groupseg.networks.groupvit.architecture import PUBLISHED
from groupseg.networks.groupvit.weights import convert, empty_groupvit, load_groupvit, save_groupvit
from tests.networks.groupvit.published import SMALLER, State, config, official
from tests.networks.groupvit.tiny import ABOUT, TINY, tiny_model


@pytest.fixture(scope="module")
def tiny() -> State:
    return tiny_model().state_dict()


@pytest.fixture
def saved(tiny: State, tmp_path: Path) -> Path:
    save_groupvit(tiny, ABOUT, tmp_path / "tiny.safetensors")
    return tmp_path / "tiny.safetensors"


def test_both_published_files_give_the_same_model(folder: Path) -> None:
    from_official, from_transformers = (convert(folder / name, SMALLER) for name in ("official.pth", "hf.safetensors"))
    assert list(from_official) == list(from_transformers) == list(empty_groupvit(SMALLER).state_dict())
    for name, tensor in from_official.items():
        torch.testing.assert_close(from_transformers[name], tensor, rtol=0, atol=0)


def test_the_published_shape_is_what_transformers_takes_for_granted() -> None:
    # Among it what no tensor shows, such as the number of heads.
    assert config(PUBLISHED).to_dict() == GroupViTConfig().to_dict()


def test_the_published_files_have_as_many_tensors_and_numbers_as_those_of_nvidia() -> None:
    with torch.device("meta"):
        published = GroupViTModel(config(PUBLISHED)).state_dict()
    assert len(published) == 502
    # Three projections of queries, keys and values in each of 24 blocks are one, and there is a second temperature.
    found = official(published)
    assert len(found) == 502 - 24 * 4 + 1
    model = empty_groupvit(PUBLISHED)
    assert shapes(model.state_dict()).keys() == found.keys() - {"multi_label_logit_scale"}
    assert sum(parameter.numel() for parameter in model.parameters()) == 55_726_609
    assert sum(parameter.numel() for parameter in model.img_encoder.parameters()) == 28_837_136
    assert sum(parameter.numel() for parameter in model.text_encoder.parameters()) == 22_145_792


def test_a_round_trip_keeps_every_bit(saved: Path, tiny: State) -> None:
    model, about = load_groupvit(saved)
    assert about == ABOUT
    assert not model.training
    state = model.state_dict()
    assert list(state) == list(tiny)
    assert all(torch.equal(state[name], tensor) for name, tensor in tiny.items())
    assert all(torch.equal(tensor, tiny[name]) for name, tensor in convert(saved, TINY).items())


def test_equal_weights_are_equal_bytes_under_one_metadata_entry(saved: Path, tiny: State, tmp_path: Path) -> None:
    save_groupvit(dict(reversed(tiny.items())), ABOUT, tmp_path / "again.safetensors")
    assert saved.read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    with safe_open(saved, framework="pt") as file:
        assert list(file.metadata()) == ["groupvit"]
        assert json.loads(file.metadata()["groupvit"])["architecture"]["depths"] == [1, 1, 1]


def test_halves_become_floats_and_what_old_versions_wrote_is_left_out(tiny: State, tmp_path: Path) -> None:
    halves = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tiny.items()}
    torch.save({"model": {**halves, "multi_label_logit_scale": torch.tensor(1.0)}}, tmp_path / "half.pth")
    state = convert(tmp_path / "half.pth", TINY)
    assert state.keys() == tiny.keys()
    assert {tensor.dtype for tensor in state.values()} == {torch.float32, torch.int64}


def test_every_wrong_tensor_of_the_official_file_is_named(tiny: State, tmp_path: Path) -> None:
    state = dict(tiny)
    state["img_encoder.extra"] = state.pop("logit_scale")
    state["img_encoder.pos_embed"] = state["img_encoder.pos_embed"][:, :3].contiguous()
    save_file(state, tmp_path / "wrong.safetensors")
    with pytest.raises(UserError) as error:
        convert(tmp_path / "wrong.safetensors", TINY)
    message = str(error.value)
    assert "\n" not in message
    assert (
        "wrong.safetensors does not fit the architecture: logit_scale is missing; img_encoder.extra is unknown; "
        "img_encoder.pos_embed has shape (1, 3, 12) instead of (1, 4, 12)." in message
    )


def test_wrong_tensors_of_transformers_are_named_as_there(tmp_path: Path) -> None:
    state = GroupViTModel(config(TINY)).state_dict()
    attention = "text_model.encoder.layers.0.self_attn"
    del state[f"{attention}.k_proj.weight"]
    state[f"{attention}.v_proj.bias"] = torch.zeros(7)
    save_file(state, tmp_path / "wrong.safetensors")
    with pytest.raises(
        UserError,
        match=re.escape(
            f"does not fit the architecture: {attention}.k_proj.weight is missing; "
            f"{attention}.v_proj.bias has shape (7,) instead of (8,)."
        ),
    ):
        convert(tmp_path / "wrong.safetensors", TINY)


def test_weights_of_another_architecture_are_one_line(folder: Path) -> None:
    with pytest.raises(UserError, match=r"hf\.safetensors does not fit the architecture: .* more\. Give") as error:
        convert(folder / "hf.safetensors", replace(SMALLER, depths=(2, 3, 1), space=12))
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"visual.proj": torch.zeros(2, 2), "logit_scale": torch.zeros(())}, "holds CLIP. Say which with --clip"),
        ({}, r"holds no GroupViT: .*\(the first are none"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, state: State, message: str) -> None:
    save_file(state, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match=rf"other\.safetensors {message}"):
        convert(tmp_path / "other.safetensors", TINY)


class Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("was-run",)


def test_a_pickle_with_code_is_refused_and_nothing_of_it_is_run(
    tiny: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"model": tiny, "config": Code()}, "official.pth")
    with pytest.raises(UserError) as error:
        convert(Path("official.pth"), TINY)
    assert str(error.value) == (
        "official.pth is refused: beside tensors it holds objects whose loading may run code (posix.mkdir). "
        "Take the safetensors that Hugging Face has of the same weights."
    )
    assert not Path("was-run").exists()


def test_a_bare_pickle_is_refused_and_nothing_of_it_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bare.pth").write_bytes(pickle.dumps(Code()))
    with pytest.warns(UserWarning, match="pickle protocol"), pytest.raises(UserError, match=r"bare\.pth is refused"):
        convert(Path("bare.pth"), TINY)
    assert not Path("was-run").exists()


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("share", [0.0, 1e-3, 0.7])
def test_a_truncated_file_is_one_line(saved: Path, tiny: State, suffix: str, share: float) -> None:
    path = saved.with_name(f"part.{suffix}")
    torch.save({"model": tiny}, path)
    content = (path if suffix == "pth" else saved).read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match=rf"part\.{suffix} is no file of weights, or only a part of one") as error:
        convert(path, TINY)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.pth is missing"):
        convert(tmp_path / "none.pth", TINY)
    with pytest.raises(UserError, match=r"none\.safetensors is missing"):
        load_groupvit(tmp_path / "none.safetensors")


def test_a_file_that_was_damaged_after_it_was_written_is_one_line(saved: Path, tiny: State) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[:-10])
    with pytest.raises(UserError, match=r"tiny\.safetensors holds no GroupViT \(SafetensorError"):
        load_groupvit(saved)
    save_file(dict(tiny), saved)
    with pytest.raises(UserError, match=r"tiny\.safetensors holds no GroupViT \(KeyError: 'groupvit'\)"):
        load_groupvit(saved)
    save_groupvit({**tiny, "logit_scale": torch.zeros(2)}, ABOUT, saved)
    with pytest.raises(UserError, match=r"tiny\.safetensors does not fit .*logit_scale has shape \(2,\) instead of"):
        load_groupvit(saved)
