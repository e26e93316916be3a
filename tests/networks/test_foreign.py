"""Files of weights that are not what was asked for: each is named for what it is."""

import os
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from groupseg.errors import UserError
from groupseg.networks.convert import convert_weights
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.training.objective import GroupViTObjective
from groupseg.networks.registry import find_kind
from groupseg.networks.scenes.weights import save_model
from groupseg.processes import Place
from tests.networks.clip import tiny as clip
from tests.networks.groupvit import tiny as groupvit
from tests.networks.groupvit.training.tiny import RECIPE
from tests.networks.scenes.tiny import tiny_model

FRAME = Windows(short=64, long=256, crop=64, stride=32)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def hugging_face(path: Path) -> None:
    """CLIP with the names that transformers gives its tensors."""
    names = (
        "logit_scale", "text_model.embeddings.token_embedding.weight", "text_projection.weight",
        "vision_model.encoder.layers.0.self_attn.k_proj.weight", "visual_projection.weight",
    )  # fmt: skip
    save_file({name: torch.zeros(2) for name in names}, path)


def state_of_groupvit(path: Path) -> None:
    """What the training of GroupViT leaves when it is interrupted."""
    objective = GroupViTObjective(groupvit.tiny_model(), RECIPE, Place(0, 1))
    torch.save({"model": objective.state_dict(), "optimizer": {}, "history": []}, path)


def with_configuration(path: Path) -> None:
    """An old checkpoint that holds the options of its training."""
    content = {"model": {"a": torch.zeros(1)}, "args": Namespace(lr=1)}
    torch.save(content, path, _use_new_zipfile_serialization=False)


MADE: dict[str, Callable[[Path], Any]] = {
    "hugging_face": hugging_face,
    "state_of_groupvit": state_of_groupvit,
    "with_configuration": with_configuration,
    "small": lambda path: save_model(tiny_model(), path),
    "state_of_small": lambda path: torch.save({"model": tiny_model().state_dict(), "optimizer": {}}, path),
    "groupvit": lambda path: torch.save({"model": groupvit.tiny_model().state_dict()}, path),
    "clip": lambda path: torch.save(clip.tiny_clip().state_dict(), path),
    "pointer": lambda path: path.write_bytes(POINTER),
    "page": lambda path: path.write_bytes(b"\n<!DOCTYPE html><html>quota</html>"),
    "nothing": lambda path: path.write_bytes(b""),
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "loop": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize(
    ("kind", "wanted", "said"),
    [
        (
            "hugging_face",
            "clip",
            "holds CLIP in the layout of Hugging Face's transformers, which is not read. Take",
        ),
        ("hugging_face", "groupvit", "holds CLIP in the layout of Hugging Face's transformers"),
        ("state_of_groupvit", "groupvit", "is the state of an interrupted training, not its weights. `dvc repro` goes"),
        ("with_configuration", "groupvit", "is a checkpoint of a training code, with its configuration beside the"),
        (
            "small",
            "groupvit",
            "holds the small network that is trained here. Its models/<name>.safetensors",
        ),
        ("state_of_small", "clip", "holds the small network that is trained here."),
        ("groupvit", "clip", "holds GroupViT. Leave out --clip."),
        ("clip", "groupvit", "holds CLIP. Say which with --clip, such as ViT-B-16-quickgelu."),
        ("pointer", "groupvit", "is a Git LFS pointer, not the file itself. Run `git lfs pull`"),
        ("page", "clip", "is a web page, not the file itself."),
        ("nothing", "clip", ""),
        ("folder", "clip", "is a folder, no file. Give a file of weights."),
        ("pipe", "groupvit", "is a pipe, no file. Give a file of weights."),
        ("loop", "groupvit", "cannot be read: Too many levels of symbolic links."),
    ],
)
def test_what_a_file_is_instead_is_said(tmp_path: Path, kind: str, wanted: str, said: str) -> None:
    clip.register(tmp_path)
    path = tmp_path / "given"
    MADE[kind](path)
    network = clip.about().clip if wanted == "clip" else groupvit.TINY
    with pytest.raises(UserError) as caught:
        convert_weights(path, tmp_path / "out.safetensors", network, FRAME, "float32")
    assert str(caught.value).startswith(f"{path} {said}")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.safetensors").exists()


def test_the_command_that_is_named_for_a_checkpoint_makes_a_file_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": groupvit.tiny_model().state_dict(), "args": Namespace(lr=1)}, path)
    # What the command does, of a file whose objects can be loaded here.
    torch.save({"model": torch.load(path, weights_only=False)["model"]}, tmp_path / "tensors.pth")
    convert_weights(tmp_path / "tensors.pth", tmp_path / "out.safetensors", groupvit.TINY, FRAME, "float32")


@pytest.mark.parametrize("kind", ["pointer", "page", "folder", "pipe", "loop", "nothing"])
def test_the_model_that_is_to_run_is_looked_at_before_it_is_opened(tmp_path: Path, kind: str) -> None:
    MADE[kind](tmp_path / "given")
    with pytest.raises(UserError, match="given"):
        find_kind(tmp_path / "given")
