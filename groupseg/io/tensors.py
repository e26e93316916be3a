"""Published files of tensors: read without running what they hold, and held against the shapes that a network has."""

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from groupseg.errors import UserError
from groupseg.io.files import refuse_stand_in

Shapes = Mapping[str, tuple[int, ...]]

# Under which keys published checkpoints have their tensors: GroupViT's, and those of open_clip's training.
_WRAPPERS = ("model", "state_dict")

# How many wrong tensors are named one by one.
_NAMED = 6


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Reads a state dict: safetensors, a checkpoint of torch, or a TorchScript archive as OpenAI publishes CLIP.

    Of a pickle only tensors and plain containers are read, never code; of an archive only its tensors are used.

    Raises:
        UserError: If the file is missing, truncated, holds code or anything but named tensors.
    """
    refuse_stand_in(path)
    try:
        content = _read(path)
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Give the path of a file of weights.") from error
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} is refused: beside tensors it holds objects whose loading may run code "
            f"({_culprit(error)}). Take the safetensors that Hugging Face has of the same weights."
        ) from error
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} is no file of weights, or only a part of one ({_first_line(error)}). Download it again."
        ) from error
    for key in _WRAPPERS:
        content = content.get(key, content) if isinstance(content, dict) else content
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        keys = " or ".join(f"`{key}`" for key in _WRAPPERS)
        raise UserError(f"{path} must hold tensors by name, or such under the key {keys}. Give another file.")
    return {str(name): value for name, value in content.items()}


def check_shapes(path: str | Path, found: Shapes, wanted: Shapes) -> None:
    """Holds the shapes of tensors, by name, against those that a network has.

    Raises:
        UserError: If a tensor is missing, unknown or of another shape; one line that names them.
    """
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


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Returns the shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _read(path: Path) -> Any:
    with open(path, "rb") as file:
        head = file.read(9)
    if head[8:] == b"{":
        with safe_open(path, framework="pt") as tensors:
            return {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 (no mapping)
    if _is_torchscript(path):
        with warnings.catch_warnings():
            # Deprecated, but what OpenAI has published does not change.
            warnings.simplefilter("ignore", FutureWarning)
            return dict(torch.jit.load(path, map_location="cpu").state_dict())  # type: ignore[no-untyped-call]
    return torch.load(path, map_location="cpu", weights_only=True)


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _culprit(error: pickle.UnpicklingError) -> str:
    """Takes the one word that matters out of torch's long explanation."""
    found = re.search(r"GLOBAL (\S+)", str(error))
    return found[1] if found else "a pickle that was not written by torch.save"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
