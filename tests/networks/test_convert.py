from dataclasses import replace
from pathlib import Path

import pytest
import torch

from groupseg import cli
from groupseg.networks.clip.network import ClipNetwork
from groupseg.networks.convert import convert_weights
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import PUBLISHED
from groupseg.networks.groupvit.weights import load_groupvit
from groupseg.networks.registry import NETWORKS, load_network
from tests.commands import call
from tests.networks.clip import tiny as clip
from tests.networks.groupvit import tiny as groupvit

FRAME = Windows(short=64, long=256, crop=64, stride=32)


def test_a_frame_gets_the_patch_of_the_network(tmp_path: Path) -> None:
    torch.save({"model": groupvit.tiny_model().state_dict()}, tmp_path / "official.pth")
    convert_weights(tmp_path / "official.pth", tmp_path / "ours.safetensors", groupvit.TINY, FRAME, "bfloat16")
    _, about = load_groupvit(tmp_path / "ours.safetensors")
    assert (about.frame, about.precision) == (replace(FRAME, patch=16), "bfloat16")
    clip.register(tmp_path)
    torch.save(clip.tiny_clip().state_dict(), tmp_path / "clip.pt")
    convert_weights(tmp_path / "clip.pt", tmp_path / "clip.safetensors", clip.about().clip, FRAME, "float32")
    assert load_network(tmp_path / "clip.safetensors").frame == replace(FRAME, patch=clip.PATCH)


def test_groupvit_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(NETWORKS["groupvit"].section, "groupvit", groupvit.TINY)
    source, out = tmp_path / "official.pth", tmp_path / "ours.safetensors"
    torch.save({"model": groupvit.tiny_model().state_dict()}, source)
    assert call("weights", "convert", str(source), str(out)) == 0
    assert capsys.readouterr().out.startswith(f"{out}: sha256 ")
    _, about = load_groupvit(out)
    assert about.frame == Windows(short=448, long=2048, crop=448, stride=224, patch=PUBLISHED.patch)
    assert call("weights", "convert", str(source), str(out), "--whole", "--precision", "bfloat16") == 0
    _, about = load_groupvit(out)
    assert about.frame == Windows(short=448, long=2048, crop=None, stride=None, patch=PUBLISHED.patch)
    assert about.precision == "bfloat16"


def test_clip_from_the_command_line(tmp_path: Path) -> None:
    clip.register(tmp_path)
    source, out = tmp_path / "clip.pt", tmp_path / "clip.safetensors"
    torch.save(clip.tiny_clip().state_dict(), source)
    options = ("--clip", clip.NAME, "--attention", "sclip", "--clusters", "5")
    assert call("weights", "convert", str(source), str(out), *options) == 0
    network = load_network(out)
    assert isinstance(network, ClipNetwork)
    assert network.protocol["attention"] == "sclip"
    assert network.protocol["groups"].startswith("5 clusters")


@pytest.mark.parametrize(
    ("attention", "scale", "short", "crop"),
    [("plain", 100.0, 336, 224), ("maskclip", 40.0, 336, 224), ("sclip", 40.0, 336, 224), ("clearclip", 50.0, 448, 448),
     ("naclip", 40.0, 336, 224)],
)  # fmt: skip
def test_a_method_gets_its_own_scale_and_windows(
    tmp_path: Path, attention: str, scale: float, short: int, crop: int
) -> None:
    clip.register(tmp_path)
    model = clip.tiny_clip()
    with torch.no_grad():
        model.logit_scale.fill_(9.0)  # beyond what CLIP lets it become
    torch.save(model.state_dict(), tmp_path / "clip.pt")
    out, options = tmp_path / "clip.safetensors", ("--clip", clip.NAME, "--attention", attention)
    assert call("weights", "convert", str(tmp_path / "clip.pt"), str(out), *options) == 0
    network = load_network(out)
    assert network.scale == scale
    assert network.frame == Windows(short=short, long=2048, crop=crop, stride=crop // 2, patch=clip.PATCH)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("ours.pth", "ours.pth must end in .safetensors, which is what is written. Name it so."),
        ("ours.safetensors", "none.pth is missing. Give the path of a file of weights."),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("weights", "convert", "none.pth", out) == 1
    assert capsys.readouterr().err == f"error: {message}\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", [("--attention", "other"), ("--clusters", "-1"), ("--precision", "float16")])
def test_options_that_there_are_not(option: tuple[str, str]) -> None:
    assert call("weights", "convert", "a.pth", "b.safetensors", *option) == 2


def test_the_command_is_there() -> None:
    assert "weights" in {group.name for group in cli.commands.registered_groups}
