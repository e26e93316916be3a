"""Interrupted training goes on from its last state, and only from a state of the same parameters, data and code."""

import hashlib
import io
import json
import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from groupseg.io.files import atomic_path, sha256


def name_training(params: Mapping[str, Any], files: Iterable[Path]) -> str:
    """Names a training, in 16 hexadecimal digits, by its parameters, data, code and the version of torch."""
    digest = hashlib.sha256(json.dumps([params, torch.__version__], sort_keys=True).encode())
    for path in sorted(files):
        digest.update(f"{path}\0{sha256(path)}\0".encode())
    return digest.hexdigest()[:16]


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Writes a state of training; a break while writing leaves the state before."""
    # By way of memory: on a full disk torch raises an error of its own, which says nothing of the disk.
    content = io.BytesIO()
    torch.save(dict(state), content)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getvalue())


def load_state(path: Path) -> dict[str, Any] | None:
    """Reads a state of training without running code from it; None where there is none, or none that can be read."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, pickle.UnpicklingError, RuntimeError, EOFError):
        return None
    return state
