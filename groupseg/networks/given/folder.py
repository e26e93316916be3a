"""Scores in files: `<folder>/<data set>/<name of the image>.npz` or `.safetensors`, with one array [C, h, w] each."""

import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from groupseg.errors import UserError

ENDINGS = (".npz", ".safetensors")


def read_scores(folder: Path, name: str) -> NDArray[Any]:
    """Reads the scores of an image.

    Args:
        folder: Of the data set.
        name: What the owner of the image calls it.

    Raises:
        UserError: If there is no file of that name, more than one, it is none, or does not hold one array.
    """
    found = [path for ending in ENDINGS if (path := folder / f"{name}{ending}").is_file()]
    if len(found) != 1:
        wanted = " or ".join(f"{name}{ending}" for ending in ENDINGS)
        raise UserError(
            f"{folder} must hold {wanted}, one of the two, but has {len(found)} of them. Add what is missing."
        )
    try:
        arrays = _arrays(found[0])
    except (SafetensorError, OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{found[0]} cannot be read ({error}). Write it again.") from error
    if len(arrays) != 1:
        raise UserError(f"{found[0]} must hold one array, but has {len(arrays)}. Write the scores alone.")
    return next(iter(arrays.values()))


def check_names(folder: Path, prepared: Path) -> None:
    """Compares the files of a folder with the images of a prepared data set.

    Raises:
        UserError: If a file is of no image. What is missing is named when it is read.
    """
    images = {name for shard in sorted(prepared.glob("*-*.tar")) for name in _names(shard)}
    files = {path for ending in ENDINGS for path in folder.rglob(f"*{ending}")}
    surplus = sorted(path for path in files if path.relative_to(folder).with_suffix("").as_posix() not in images)
    if surplus:
        raise UserError(
            f"{folder}: {len(surplus)} of {len(files)} files are of no image of the data set, such as "
            f"{surplus[0].name}. Images are called like {min(images, default='none')!r}. Rename or remove the files."
        )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    if path.suffix == ".safetensors":
        return load_file(path)
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _names(shard: Path) -> list[str]:
    """Returns what the owners of the images of a shard call them."""
    with tarfile.open(shard) as tar:
        files = [tar.extractfile(member) for member in tar if member.name.endswith(".json")]
        return [json.load(file)["name"] for file in files if file]
