"""Checkpoints with more in them than tensors: nothing of it is run, and nothing of it is missed."""

import _codecs
import os
import resource
import zipfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from groupseg.errors import UserError
from groupseg.networks.checkpoint import read_checkpoint
from groupseg.networks.convert import convert_weights
from groupseg.networks.frame import Windows
from tests.networks.groupvit import tiny

TENSORS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(2)}


class Call:
    """Is a call of something when it is unpickled the usual way."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


class Settings(dict[str, Any]):
    """A dictionary of a class of its own, as the configurations of yacs and mmcv are."""


def of_training() -> dict[str, Any]:
    """What the code of GroupViT leaves beside its tensors, and more."""
    config = OmegaConf.create({"train": {"lr": 1.6e-3, "name": "${model}", "steps": [1, 2]}, "model": "group_vit"})
    assert config.train.name == "group_vit"
    return {
        "optimizer": {
            "state": {0: {"step": 3, "exp_avg": torch.ones(2)}},
            "param_groups": [{"lr": 0.1, "params": [0]}],
        },
        "lr_scheduler": {"base_values": [0.1], "values": np.linspace(0, 1, 5), "started": np.datetime64("2022-01-01")},
        "metrics": {"max_accuracy": np.float64(42.9), "miou": np.float32(52.3), "classes": np.array(["a", "b"])},
        "args": Namespace(local_rank=0, output=Path("runs")),
        "epoch": 29,
        "config": config,
    }


def test_objects_beside_the_tensors_are_skipped(tmp_path: Path) -> None:
    torch.save({"model": TENSORS, **of_training()}, tmp_path / "checkpoint.pth")
    known = set(torch.serialization.get_safe_globals())
    found = read_checkpoint(tmp_path / "checkpoint.pth")
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())
    # What was let through for this file is not for any other.
    assert set(torch.serialization.get_safe_globals()) == known


def test_a_checkpoint_of_the_training_of_groupvit_is_the_same_model(tmp_path: Path) -> None:
    state, frame = tiny.tiny_model().state_dict(), Windows(short=64, long=256, crop=64, stride=32)
    for name, beside in {"plain": {}, "whole": of_training()}.items():
        torch.save({"model": state, **beside}, tmp_path / f"{name}.pth")
        convert_weights(tmp_path / f"{name}.pth", tmp_path / f"{name}.safetensors", tiny.TINY, frame, "float32")
    assert (tmp_path / "whole.safetensors").read_bytes() == (tmp_path / "plain.safetensors").read_bytes()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("function", [os.system, eval, exec, Path, getattr, print, np.fromfile], ids=str)
def test_a_call_in_a_checkpoint_is_never_made(
    tmp_path: Path, function: Callable[..., Any], inside: bool, zipped: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path, made = tmp_path / "checkpoint.pth", tmp_path / "made"
    argument = f"touch {made}" if function is os.system else f"open({str(made)!r}, 'w')"
    call = Call(function, argument, *(["upper"] if function is getattr else []))
    content = {"model": {**TENSORS, "c": call}} if inside else {"model": TENSORS, "more": [{"deep": (call, {1: call})}]}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    if inside or not zipped or function is os.system:
        with pytest.raises(UserError, match=r"checkpoint\.pth (is refused|must hold tensors by name)") as error:
            read_checkpoint(path)
        assert "\n" not in str(error.value)
    else:
        assert read_checkpoint(path).keys() == TENSORS.keys()
    assert not made.exists()
    assert capsys.readouterr().out == ""


def doubled(times: int) -> Any:
    """A short text written as hexadecimal digits again and again."""
    text = Call(_codecs.encode, "0", "latin1")
    for _ in range(times):
        text = Call(_codecs.encode, text, "hex")
    return text


def squeezed(path: Path) -> None:
    """Zeros in an archive that is compressed, as torch's are not."""
    torch.save({"model": {"a": torch.zeros(2**26)}}, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


BOMBS: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda path: torch.save({"model": TENSORS, "more": Call(bytearray, 10**12)}, path),
    "doubling": lambda path: torch.save({"model": TENSORS, "more": doubled(40)}, path),
    "squeezed": squeezed,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_that_wants_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bomb: str
) -> None:
    path, before = tmp_path / "checkpoint.pth", resource.getrlimit(resource.RLIMIT_AS)
    monkeypatch.setattr("groupseg.networks.checkpoint._ROOM", 2**26)
    BOMBS[bomb](path)
    assert path.stat().st_size < 2**21
    with pytest.raises(UserError, match=r"checkpoint\.pth is (refused|no file of weights)") as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_dictionary_of_a_class_of_its_own_is_named(tmp_path: Path) -> None:
    torch.save({"model": TENSORS, "cfg": Settings(lr=1)}, tmp_path / "checkpoint.pth")
    with pytest.raises(UserError, match=r"is refused: .* may run code \(tests\.networks\.test_checkpoint\.Settings\)"):
        read_checkpoint(tmp_path / "checkpoint.pth")
