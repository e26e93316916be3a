"""The weights of GroupViT: read from what is published, checked, and kept in one safetensors file without pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.io.tensors import check_shapes, shapes
from groupseg.networks.checkpoint import read_checkpoint
from groupseg.networks.foreign import refuse_foreign
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.keys import UNUSED, Layout, published_names
from groupseg.networks.groupvit.model import GroupViT

Precision = Literal["float32", "bfloat16"]


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
    found = {name: tensor for name, tensor in read_checkpoint(path).items() if name not in UNUSED}
    refuse_foreign(path, found, "groupvit")
    layout = _layout(path, found)
    if layout == "official":
        found = {name: _squeezed(name, tensor) for name, tensor in found.items()}
    state = empty_groupvit(architecture).state_dict()
    names = {name: published_names(name, layout) for name in state}
    wanted = {
        source: (tensor.shape[0] // len(names[name]), *tensor.shape[1:]) if tensor.ndim else ()
        for name, tensor in state.items()
        for source in names[name]
    }
    check_shapes(path, shapes(found), wanted)
    joined = {name: _joined([found[source] for source in sources]) for name, sources in names.items()}
    return {name: tensor.to(state[name].dtype) for name, tensor in joined.items()}


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
    model = empty_groupvit(about.architecture)
    check_shapes(path, shapes(state), shapes(model.state_dict()))
    model.load_state_dict(state, assign=True)
    return model.eval(), about


def empty_groupvit(architecture: GroupViTArchitecture) -> GroupViT:
    """Makes a model without memory: its tensors only have shapes, until others take their place."""
    with torch.device("meta"):
        return GroupViT(architecture)


def _about(data: dict[str, Any]) -> About:
    # JSON knows no tuples.
    shape: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data["architecture"].items()
    }
    return About(
        architecture=GroupViTArchitecture(**shape), frame=Windows(**data["frame"]), precision=data["precision"]
    )


def _layout(path: Path, found: Mapping[str, Tensor]) -> Layout:
    if any(name.startswith("img_encoder.") for name in found):
        return "official"
    if any(name.startswith("vision_model.encoder.stages.") for name in found):
        return "transformers"
    some = ", ".join(sorted(found)[:3]) or "none"
    raise UserError(
        f"{path} holds no GroupViT: its tensors are called neither as in the official checkpoints nor as in "
        f"transformers (the first are {some}). Give another file."
    )


def _squeezed(name: str, tensor: Tensor) -> Tensor:
    """Makes a matrix of a convolution over one pixel, as the official projectors are."""
    return tensor.squeeze(2) if "_projector." in name and tensor.ndim == 3 else tensor


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts) if len(parts) > 1 else parts[0]
