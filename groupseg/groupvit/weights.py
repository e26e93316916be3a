"""The weights of GroupViT: read from what is published, checked, and kept in one safetensors file without pickle."""

import json
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from groupseg.errors import UserError
from groupseg.files import atomic_path
from groupseg.groupvit.architecture import GroupViTArchitecture
from groupseg.groupvit.keys import UNUSED, Layout, published_names
from groupseg.groupvit.model import GroupViT
from groupseg.segments.frame import Windows

Precision = Literal["float32", "bfloat16"]

# How many wrong tensors are named one by one.
_NAMED = 6


@dataclass(frozen=True, kw_only=True)
class About:
    """What a file of weights says besides its tensors.

    Attributes:
        architecture: Of the network.
        frame: How an image becomes windows.
        precision: Of its matrix products; bfloat16 is faster where the machine has it, and a little less exact.
    """

    architecture: GroupViTArchitecture
    frame: Windows
    precision: Precision


def convert(path: Path, architecture: GroupViTArchitecture) -> dict[str, Tensor]:
    """Reads a published file of weights.

    Args:
        path: An official checkpoint (.pth), the safetensors of transformers' GroupViTModel, or a file of ours.
        architecture: What the file must hold.

    Returns:
        The state of `GroupViT`, float32, in its order.

    Raises:
        UserError: If the file is missing, truncated, holds code, or other tensors than `architecture` has.
    """
    found = {name: tensor for name, tensor in read_tensors(path).items() if name not in UNUSED}
    layout = _layout(path, found)
    wanted = _empty(architecture).state_dict()
    names = {name: published_names(name, layout) for name in wanted}
    shapes = {
        source: (size[0] // len(sources), *size[1:]) if len(sources) > 1 else tuple(size)
        for name, sources in names.items()
        for size in [wanted[name].shape]
        for source in sources
    }
    # The official projectors are convolutions over one pixel.
    found = {name: tensor.squeeze(2) if tensor.ndim == 3 and _is_pixel(name) else tensor
             for name, tensor in found.items()}  # fmt: skip
    _check(path, {name: tuple(tensor.shape) for name, tensor in found.items()}, shapes)
    return {
        name: torch.cat([found[source] for source in sources]).to(wanted[name].dtype)
        if len(sources) > 1
        else found[sources[0]].to(wanted[name].dtype)
        for name, sources in names.items()
    }


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Reads a state dict; of a pickle only tensors and plain containers, never code.

    Raises:
        UserError: If the file is missing, truncated, holds code or anything but named tensors.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(9)
        if head[8:] == b"{":
            with safe_open(path, framework="pt") as tensors:
                return {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 (no mapping)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Give the path of a file of weights.") from error
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} is refused: beside tensors it holds objects whose loading may run code "
            f"({_first_line(error)}). Take the safetensors that Hugging Face has of the same weights."
        ) from error
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} is no file of weights, or only a part of one ({_first_line(error)}). Download it again."
        ) from error
    state = content.get("model", content) if isinstance(content, dict) else content
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(f"{path} must hold tensors by name, or such under the key `model`. Give another file.")
    return {str(name): value for name, value in state.items()}


def save_groupvit(state: Mapping[str, Tensor], about: About, path: str | Path) -> None:
    """Writes the state of `GroupViT` and what it is; equal weights are equal bytes."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    # One metadata entry alone: safetensors writes several in no fixed order.
    content = save(tensors, {"groupvit": json.dumps(asdict(about), sort_keys=True)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def load_groupvit(path: str | Path) -> tuple[GroupViT, About]:
    """Reads what `save_groupvit` wrote, ready for inference.

    Raises:
        UserError: If the file is missing or truncated, or its tensors do not fit its architecture.
    """
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            about = _about(json.loads((file.metadata() or {})["groupvit"]))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} holds no GroupViT ({type(error).__name__}: {error}). Bring published weights in with "
            "`groupseg weights convert`."
        ) from error
    model = _empty(about.architecture)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    _check(path, {name: tuple(tensor.shape) for name, tensor in state.items()}, shapes)
    model.load_state_dict(state, assign=True)
    return model.eval(), about


def _about(data: dict[str, Any]) -> About:
    # JSON knows no tuples.
    shape: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data["architecture"].items()
    }
    return About(
        architecture=GroupViTArchitecture(**shape), frame=Windows(**data["frame"]), precision=data["precision"]
    )


def _empty(architecture: GroupViTArchitecture) -> GroupViT:
    """Makes a model without memory: its tensors only have shapes, until others take their place."""
    with torch.device("meta"):
        return GroupViT(architecture)


def _layout(path: Path, names: Mapping[str, Tensor]) -> Layout:
    for prefix, layout in (("img_encoder.", "official"), ("vision_model.encoder.stages.", "transformers")):
        if any(name.startswith(prefix) for name in names):
            return layout  # type: ignore[return-value]
    some = ", ".join(sorted(names)[:3]) or "none"
    raise UserError(
        f"{path} holds no GroupViT: its tensors are called neither as in the official checkpoints nor as in "
        f"transformers (the first are {some}). Give another file."
    )


def _is_pixel(name: str) -> bool:
    return "_projector." in name and name.endswith(".weight")


def _check(path: str | Path, found: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]) -> None:
    problems = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    problems += [f"{name} is unknown" for name in sorted(found.keys() - wanted.keys())]
    problems += [
        f"{name} has shape {found[name]} instead of {wanted[name]}"
        for name in sorted(found.keys() & wanted.keys())
        if found[name] != wanted[name]
    ]
    if problems:
        rest = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise UserError(
            f"{path} does not fit the architecture: {'; '.join(problems[:_NAMED])}{rest}. Give the file of this "
            "architecture, or mend the architecture."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
