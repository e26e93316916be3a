"""Networks for use elsewhere: as ONNX, or as a checked copy of their file."""

import importlib.util
import json
import logging
import shutil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.networks.frame import Square
from groupseg.networks.protocol import Network, WindowSegments
from groupseg.networks.registry import find_kind

# The first that has every operation of the networks here.
_OPSET = 18

# What protobuf holds in one piece, and with it an ONNX file.
_LIMIT = 2**31

_PACKAGES = ("onnx", "onnxruntime", "onnxscript")


class _Graph(nn.Module):
    """A network as torch.export wants it: windows in, a tuple of tensors out."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(images))


def export_network(model: str | Path, out: Path, size: tuple[int, int] | None = None) -> str:
    """Writes a network in the format that the name of the file asks for: `.onnx` or `.safetensors`.

    Args:
        model: Its file.
        out: What is written.
        size: Height and width of the windows that the ONNX graph reads, pixels; those of its frame where not given.

    Returns:
        A sentence that says what was written.

    Raises:
        UserError: If `model` is no network of ours, `out` is called otherwise, `size` does not fit, the network is too
            large for ONNX or runs in bfloat16, or a package is missing.
    """
    if out.suffix == ".safetensors":
        if size is not None:
            raise UserError(f"--size is for ONNX, whose graphs read one size; {out} holds weights alone. Leave it out.")
        find_kind(model).load(model)
        with atomic_path(out) as temporary:
            shutil.copyfile(model, temporary)
        return f"{out}: weights and what they are, checked"
    if out.suffix != ".onnx":
        raise UserError(f"{out} must end in .onnx or .safetensors, which says what is written. Give it such a name.")
    kind = find_kind(model)
    network = kind.graph(kind.load(model))
    height, width = window_size(network, size)
    difference = write_onnx(network, out, (height, width))
    return f"{out}: windows of {height}x{width}, ONNX Runtime and torch differ by at most {difference:.1e}"


def parse_size(text: str) -> tuple[int, int]:
    """Reads a height and a width in pixels, as "448" for a square or "448x640".

    Raises:
        UserError: If that is no size.
    """
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise UserError(
            f"--size must be a side, or HEIGHTxWIDTH, in pixels, but got {text!r}. Write it as 448 or 448x640."
        )
    return int(sides[0]), int(sides[-1])


def window_size(network: Network, size: tuple[int, int] | None) -> tuple[int, int]:
    """Height and width of the windows that a graph reads: those asked for, or a full window of the frame.

    Raises:
        UserError: If the network cannot read windows of this size.
    """
    frame = network.frame
    if isinstance(frame, Square):
        if size not in (None, (frame.side, frame.side)):
            raise UserError(f"--size: this network reads {frame.side}x{frame.side} and nothing else. Leave it out.")
        return frame.side, frame.side
    side = frame.crop or frame.short
    height, width = size or (side, side)
    if min(height, width) < frame.patch:
        raise UserError(
            f"--size: this network reads windows of at least {frame.patch}x{frame.patch}. Give larger ones."
        )
    return height, width


def write_onnx(network: Network, out: Path, size: tuple[int, int]) -> float:
    """Writes a network as ONNX, float32, and holds ONNX Runtime's output against torch's.

    The graph has the input "images", uint8 [1, 3, *size], RGB, as the frame of the network cuts them, and the outputs
    "embedding", "image" and "masks" of `WindowSegments`. Under `groupseg` its metadata hold JSON: "scale", "text_mean",
    "background" and "protocol" of the network.

    Args:
        network: One whose groups are made by torch alone.
        out: What is written.
        size: Height and width of its windows.

    Returns:
        By how much the outputs differ at most, on a random window.

    Raises:
        UserError: If the network is too large for ONNX or runs in bfloat16, a package is missing, or `out` cannot be
            written.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(f"ONNX needs {', '.join(missing)}. Run `pip install 'groupseg[export]'`.")
    if network.protocol.get("precision") == "bfloat16":
        raise UserError("ONNX Runtime has no bfloat16 on CPUs. Convert the weights with `precision: float32`.")
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 3, *size), dtype=np.uint8))
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        program = _program(network, images, out)
    finally:
        logging.disable(level)
    with atomic_path(out) as temporary:
        program.save(temporary, external_data=False)
        return _difference(network, temporary, images)


def _program(network: Network, images: Tensor, out: Path) -> torch.onnx.ONNXProgram:
    with torch.no_grad():
        graph = torch.export.export(_Graph(network), (images,), strict=False)
    held = sum(tensor.nbytes for tensor in (*graph.constants.values(), *graph.state_dict.values()))
    if held >= _LIMIT:
        raise UserError(f"{out} would hold {held / 2**30:.1f} GiB, and ONNX holds 2. Export a smaller network.")
    names = list(WindowSegments._fields)
    program = torch.onnx.export(
        graph, (), dynamo=True, verbose=False, opset_version=_OPSET, input_names=["images"], output_names=names
    )
    # With `dynamo` there is one; the annotation knows of the other exporter too.
    assert program is not None
    program.model.metadata_props["groupseg"] = json.dumps(about(network), sort_keys=True)
    return program


def about(network: Network) -> dict[str, object]:
    """Says what scores need besides the output of a network; see `Network`."""
    return {
        "scale": network.scale,
        "text_mean": network.text_mean.tolist(),
        "background": network.background.tolist(),
        "protocol": network.protocol,
    }


def _difference(network: Network, path: Path, images: Tensor) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs = zip(session.run(None, {"images": images.numpy()}), network(images), strict=True)
    return max(float(np.abs(found - wanted.cpu().numpy()).max()) for found, wanted in outputs)
