"""Exported networks, run by ONNX Runtime, against the networks themselves."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from typer.testing import CliRunner

from groupseg.cli import commands
from groupseg.errors import UserError
from groupseg.networks.clip.weights import save_clip
from groupseg.networks.export import export_network, parse_size
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.weights import About, save_groupvit
from groupseg.networks.registry import load_network
from groupseg.networks.scenes.weights import save_model
from tests.networks.clip import tiny
from tests.networks.scenes.tiny import tiny_model

WINDOWS = Windows(short=40, long=80, crop=40, stride=20, patch=8)


def scene(path: Path) -> None:
    save_model(tiny_model(tokens=6, merged=3), path)


def groupvit(path: Path, precision: str = "float32") -> None:
    torch.manual_seed(0)
    shape = GroupViTArchitecture(
        resolution=32, patch=8, dim=16, heads=2, depths=(1, 1, 1), group_tokens=(6, 3), output_groups=(6, 3),
        text_width=8, text_heads=2, text_depth=1, context=8, vocabulary=50, hidden=16, space=12,
    )  # fmt: skip
    model = GroupViT(shape).eval()
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.add_(0.2 * torch.randn(tensor.shape))
    save_groupvit(model.state_dict(), About(architecture=shape, frame=WINDOWS, precision=precision), path)  # type: ignore[arg-type]


def clip(path: Path) -> None:
    save_clip(tiny.tiny_clip().state_dict(), tiny.about(attention="naclip", clusters=3, scale=40.0), path)


@pytest.fixture(autouse=True, scope="module")
def _known(tmp_path_factory: pytest.TempPathFactory) -> None:
    tiny.register(tmp_path_factory.mktemp("open_clip"))


# The size is another than that of the positions, where the network has any.
@pytest.mark.parametrize(
    ("save", "size", "outputs"),
    [
        (scene, None, [(1, 3, 8), (1, 8), (1, 3, 4, 4)]),
        (groupvit, None, [(1, 3, 12), (1, 12), (1, 3, 5, 5)]),
        (clip, "20x43", [(1, 18, 12), (1, 12), (1, 20, 43)]),
    ],
)
def test_onnx_runtime_gives_what_torch_gives(
    save: Callable[[Path], None], size: str | None, outputs: list[tuple[int, ...]], tmp_path: Path
) -> None:
    save(tmp_path / "model.safetensors")
    asked = ["--size", size] if size else []
    result = CliRunner().invoke(
        commands, ["export", str(tmp_path / "model.safetensors"), str(tmp_path / "model.onnx"), *asked]
    )
    assert result.exit_code == 0, result.output
    assert "ONNX Runtime and torch differ by at most" in result.output
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (read,) = session.get_inputs()
    assert (read.name, read.type) == ("images", "tensor(uint8)")
    assert [output.name for output in session.get_outputs()] == ["embedding", "image", "masks"]
    images = torch.randint(0, 256, read.shape, generator=torch.Generator().manual_seed(3), dtype=torch.uint8)
    network = load_network(tmp_path / "model.safetensors")
    told = json.loads(session.get_modelmeta().custom_metadata_map["groupseg"])
    assert told["scale"] == network.scale
    np.testing.assert_array_equal(np.float32(told["text_mean"]), network.text_mean)
    np.testing.assert_array_equal(np.float32(told["background"]).reshape(-1, outputs[1][1]), network.background)
    if save is clip:
        network = network.of_patches()  # type: ignore[attr-defined]
    assert told["protocol"] == network.protocol
    found = session.run(None, {"images": images.numpy()})
    assert [array.shape for array in found] == outputs
    for array, expected in zip(found, network(images), strict=True):
        np.testing.assert_allclose(array, expected.numpy(), rtol=1e-4, atol=1e-5)
    assert onnx.load(tmp_path / "model.onnx").opset_import[0].version >= 17


def test_a_copy_has_the_same_bytes(tmp_path: Path) -> None:
    scene(tmp_path / "model.safetensors")
    assert "checked" in export_network(tmp_path / "model.safetensors", tmp_path / "copies" / "copy.safetensors")
    assert (tmp_path / "copies/copy.safetensors").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


def test_what_is_no_network_is_not_copied(tmp_path: Path) -> None:
    scene(tmp_path / "model.safetensors")
    content = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[:-10])
    with pytest.raises(UserError, match=r"model\.safetensors is no file of weights"):
        export_network(tmp_path / "model.safetensors", tmp_path / "copy.safetensors")
    assert not (tmp_path / "copy.safetensors").exists()


@pytest.mark.parametrize(
    ("save", "out", "size", "message"),
    [
        (scene, "model.pt", None, r"model\.pt must end in \.onnx or \.safetensors"),
        (scene, "copy.safetensors", (32, 32), "--size is for ONNX"),
        (scene, "model.onnx", (32, 40), "this network reads 32x32 and nothing else"),
        (clip, "model.onnx", (32, 4), "this network reads windows of at least 8x8"),
        (lambda path: groupvit(path, "bfloat16"), "model.onnx", None, "ONNX Runtime has no bfloat16 on CPUs"),
    ],
)
def test_what_cannot_be_exported(
    save: Callable[[Path], None], out: str, size: tuple[int, int] | None, message: str, tmp_path: Path
) -> None:
    save(tmp_path / "weights.safetensors")
    with pytest.raises(UserError, match=message):
        export_network(tmp_path / "weights.safetensors", tmp_path / out, size)
    assert not (tmp_path / out).exists()


def test_a_package_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(tmp_path / "weights.safetensors")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"ONNX needs onnx, onnxruntime, onnxscript\. Run `pip install"):
        export_network(tmp_path / "weights.safetensors", tmp_path / "model.onnx")


def test_a_network_that_onnx_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(tmp_path / "weights.safetensors")
    monkeypatch.setattr("groupseg.networks.export._LIMIT", 1000)
    with pytest.raises(UserError, match=r"model\.onnx would hold 0\.0 GiB, and ONNX holds 2"):
        export_network(tmp_path / "weights.safetensors", tmp_path / "model.onnx")


def test_sizes() -> None:
    assert parse_size("448") == (448, 448)
    assert parse_size("448x640") == (448, 640)
    for text in ("", "x", "448x", "1x2x3", "-8", "0", "4.5", "wide"):
        with pytest.raises(UserError, match="--size must be a side, or HEIGHTxWIDTH"):
            parse_size(text)
