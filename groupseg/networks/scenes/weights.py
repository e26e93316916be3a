"""The model's file: tensors, architecture and the key of the training, in one safetensors file without pickle."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.io.tensors import check_shapes, shapes
from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.model import SceneModel


def save_model(model: SceneModel, path: str | Path, key: str = "") -> None:
    """Writes the weights and the architecture; equal models are equal bytes.

    Args:
        model: The model.
        path: The file.
        key: Names the training that made it; see `read_training_key`.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    # One metadata entry alone: safetensors writes several in no fixed order.
    about = {**asdict(model.architecture), "key": key}
    content = save(state, {"architecture": json.dumps(about, sort_keys=True)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def load_model(path: str | Path) -> SceneModel:
    """Reads what `save_model` wrote, ready for inference.

    Raises:
        UserError: If the file is missing or truncated, or its tensors do not fit its architecture.
    """
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            about = _about(file.metadata())
        about.pop("key", None)
        model = SceneModel(Architecture(**about))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} holds no groupseg model ({type(error).__name__}: {error}). Delete it and run `dvc repro`."
        ) from error
    check_shapes(path, shapes(state), shapes(model.state_dict()))
    model.load_state_dict(state)
    return model.eval()


def read_training_key(path: Path) -> str | None:
    """Returns the key of the training that made a model; None where there is no whole model, or it has none."""
    try:
        with safe_open(path, framework="pt") as file:
            return str(_about(file.metadata())["key"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return None


def _about(metadata: dict[str, str] | None) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((metadata or {})["architecture"])
    return about
