"""Text embeddings on disk: arrays, and what they stand for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from groupseg.errors import UserError
from groupseg.io.files import atomic_path


def save_features(path: str | Path, features: Mapping[str, NDArray[np.float32]], about: Mapping[str, Any]) -> None:
    """Writes arrays by name, and JSON that tells what they are; equal input is equal bytes."""
    # One metadata entry alone: safetensors writes several in no fixed order.
    content = save(dict(features), {"about": json.dumps(about, sort_keys=True, ensure_ascii=False)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def load_features(path: str | Path) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
    """Reads what `save_features` wrote.

    Raises:
        UserError: If the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            features = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            return features, json.loads(file.metadata()["about"])
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} holds no text embeddings ({type(error).__name__}: {error}). Delete it and run `dvc repro`."
        ) from error
