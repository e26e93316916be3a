"""Counts of each image on disk: all that intervals and comparisons need, without the segment table."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.metrics.confusion import Counts


def save_counts(path: str | Path, counts: Mapping[str, Counts], keys: Sequence[str], classes: Sequence[str]) -> None:
    """Writes counts by name; equal counts are equal bytes.

    Args:
        path: The file.
        counts: At least one set of counts of shape [N, C + 1], one row per image; all have the same truth, which is
            written once.
        keys: Names of the N images.
        classes: Names of the C classes, without background.

    Raises:
        UserError: If the file cannot be written.
        ValueError: If there are none, or shapes or truths differ.
    """
    truth = next((count.truth for count in counts.values()), None)
    shape = (len(keys), len(classes) + 1)
    if truth is None or any(count.tp.shape != shape or np.any(count.truth != truth) for count in counts.values()):
        raise ValueError(f"Expected `counts` of shape {shape} with one truth for all, but got {list(counts)}.")
    arrays = {"truth": truth}
    for name, count in counts.items():
        arrays |= {f"{name}.tp": count.tp, f"{name}.predicted": count.predicted}
    about = {"keys": list(keys), "classes": list(classes)}
    # safetensors writes the memory as it lies, and several metadata entries in no fixed order.
    contiguous = {name: np.ascontiguousarray(array, dtype=np.int64) for name, array in arrays.items()}
    with atomic_path(path) as temporary:
        save_file(contiguous, temporary, {"about": json.dumps(about, sort_keys=True, ensure_ascii=False)})


def load_counts(source: str | Path | bytes) -> tuple[dict[str, Counts], tuple[str, ...], tuple[str, ...]]:
    """Reads what `save_counts` wrote.

    Args:
        source: The file, or its content.

    Returns:
        Counts of shape [N, C + 1] by name, the names of the N images, and those of the C classes.

    Raises:
        UserError: If the file is missing or damaged.
    """
    place = "The content" if isinstance(source, bytes) else source
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        arrays = load(content)
        # The header of the format: its length in eight bytes, then JSON.
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        about = json.loads(header["__metadata__"]["about"])
        truth = arrays["truth"]
        names = sorted(name.removesuffix(".tp") for name in arrays if name.endswith(".tp"))
        counts = {name: Counts(arrays[f"{name}.tp"], arrays[f"{name}.predicted"], truth) for name in names}
        return counts, tuple(about["keys"]), tuple(about["classes"])
    except FileNotFoundError as error:
        raise UserError(f"{place} is missing. Run `dvc repro`, which makes it.") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"{place} holds no counts ({reason}). Delete it and run `dvc repro`.") from error
