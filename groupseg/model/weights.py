"""The model's file: tensors and architecture in one safetensors file, without pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from groupseg.errors import UserError
from groupseg.files import atomic_path
from groupseg.model.architecture import Architecture
from groupseg.model.groupvit import GroupViT


def save_model(model: GroupViT, path: str | Path) -> None:
    """Writes the weights and the architecture; equal models are equal bytes."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    # One metadata entry alone: safetensors writes several in no fixed order.
    metadata = {"architecture": json.dumps(asdict(model.architecture), sort_keys=True)}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(state, metadata))


def load_model(path: str | Path, architecture: Architecture) -> GroupViT:
    """Reads what `save_model` wrote, ready for inference.

    Args:
        path: The weights.
        architecture: What params.yaml says the model is.

    Raises:
        UserError: If the file is missing or truncated, holds another architecture, or its tensors do not fit it.
    """
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            found = json.loads((file.metadata() or {})["architecture"])
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UserError(
            f"{path} holds no groupseg model ({type(error).__name__}: {error}). Delete it and run `dvc repro`."
        ) from error
    if found != asdict(architecture):
        differences = _differences(found, asdict(architecture))
        raise UserError(f"{path} holds another architecture: {differences}. Mend `models:` there, or train again.")
    model = GroupViT(architecture)
    _check_keys(path, state, model.state_dict())
    model.load_state_dict(state)
    return model.eval()


def _differences(found: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    keys = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
    return ", ".join(f"{key} is {found.get(key)} in the file and {wanted.get(key)} in params.yaml" for key in keys)


def _check_keys(path: str | Path, found: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> None:
    problems = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    problems += [f"{name} is unknown" for name in sorted(found.keys() - wanted.keys())]
    problems += [
        f"{name} has shape {tuple(found[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in sorted(found.keys() & wanted.keys())
        if found[name].shape != wanted[name].shape
    ]
    if problems:
        raise UserError(f"{path} does not fit its architecture: {'; '.join(problems)}. Delete it and run `dvc repro`.")
