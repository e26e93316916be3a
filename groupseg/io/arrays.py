"""Files of safetensors: arrays by name, and one piece of JSON that says what they are."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save, save_file

from groupseg.errors import UserError
from groupseg.io.files import atomic_path


def write_arrays(
    path: str | Path, arrays: Mapping[str, NDArray[Any]], entry: str, about: Any, at_once: bool = False
) -> None:
    """Writes arrays and what they are; equal content is equal bytes.

    Args:
        path: The file.
        arrays: Of any shapes.
        entry: Names the entry of the metadata, by which the kind of file is known.
        about: What JSON holds.
        at_once: Whether all is written in one go. What comes array by array takes no memory, but is mapped in smaller
            pieces when it is read.

    Raises:
        UserError: If the file cannot be written.
    """
    # safetensors writes the memory as it lies, so that a strided view would be stored wrongly.
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    # One entry alone: several are written in no fixed order.
    metadata = {entry: json.dumps(about, sort_keys=True, ensure_ascii=False)}
    with atomic_path(path) as temporary:
        if at_once:
            temporary.write_bytes(save(contiguous, metadata))
        else:
            save_file(contiguous, temporary, metadata)


@contextmanager
def open_arrays(
    path: str | Path,
    entry: str,
    fault: str,
    remedy: str = "Delete it and run `dvc repro`.",
    framework: Literal["numpy", "pt"] = "numpy",
) -> Iterator[tuple[Any, Any]]:
    """Yields what `write_arrays` wrote: the opened file of safetensors, and the JSON.

    Args:
        path: The file.
        entry: As for `write_arrays`.
        fault: What is said of a file that is no such one, also where the block fails on what it holds, such as "is no
            segment table".
        remedy: What is to be done then.
        framework: Whose arrays are read.

    Raises:
        UserError: If the file is missing, truncated or of another kind.
    """
    try:
        with safe_open(path, framework=framework) as file:
            yield file, json.loads((file.metadata() or {})[entry])
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except UserError:
        raise
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} {fault} ({type(error).__name__}: {error}). {remedy}") from error
