"""Reading prepared data sets: a few big tar files in the layout of webdataset, not thousands of small ones.

- classes.json: {"classes": [names without background], "background": bool}
- calib-00000.tar, test-00000.tar: <key>.image.jpg or .image.png, <key>.mask.png, <key>.json {"name"}
- train-00000.tar, of a corpus: <key>.image.jpg, <key>.json {"caption", "nouns"}
"""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from itertools import count, groupby
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from groupseg.datasets.sample import CaptionedImage, Sample
from groupseg.errors import UserError
from groupseg.io.files import read_json

_T = TypeVar("_T")
Files = dict[str, bytes]


def read_prepared_classes(folder: Path) -> tuple[tuple[str, ...], bool]:
    """Returns the classes of a prepared data set, and whether its label 0 is background."""
    data = read_json(folder / "classes.json")
    return tuple(data["classes"]), data["background"]


def read_crossfit(folder: Path) -> int:
    """Returns in how many folds the test images of a prepared data set are calibrated and judged in turn.

    Returns:
        2 or more; 0 where there is a calib split, as usual.

    Raises:
        UserError: If `folder` holds no prepared data set.
    """
    return int(read_json(folder / "classes.json").get("crossfit", 0))


def read_samples(folder: Path, split: str) -> Iterator[Sample]:
    """Yields the labelled images of a split in their order: `image` uint8 [H, W, 3], `mask` int32 [H, W].

    Raises:
        UserError: If the split is missing or damaged.
    """
    for shard in _shards(folder, split):
        yield from _read(shard, _sample)


def read_share(folder: Path, split: str, wanted: Callable[[int], bool]) -> Iterator[Sample]:
    """Yields the labelled images that are wanted, where several processes share a split out, and decodes no other.

    Args:
        folder: The prepared data set.
        split: "calib" or "test".
        wanted: Whether an image is, by its number in the split, from 0.

    Raises:
        UserError: If the split is missing or damaged.
    """
    numbers = count()

    def decode(key: str, files: Files) -> Sample | None:
        return _sample(key, files) if wanted(next(numbers)) else None

    for shard in _shards(folder, split):
        yield from (sample for sample in _read(shard, decode) if sample is not None)


def read_sample(folder: Path, split: str, key: str) -> Sample:
    """Returns one labelled image and decodes no other.

    Raises:
        UserError: If the split is missing or damaged, or has no such image.
    """
    for shard in _shards(folder, split):
        for sample in _read(shard, _sample, key):
            return sample
    raise UserError(f"{folder} has no image {key!r} in its {split} split. Run `dvc repro`, which prepares it.")


def read_captions(folder: Path) -> Iterator[CaptionedImage]:
    """Yields the images of a corpus in their order.

    Raises:
        UserError: If the corpus is missing or damaged.
    """
    for shard in _shards(folder, "train"):
        yield from _read(shard, _captioned)


def _shards(folder: Path, split: str) -> list[Path]:
    if paths := sorted(folder.glob(f"{split}-*.tar")):
        return paths
    raise UserError(f"{folder} holds no {split} split. Run `dvc repro`, which prepares it.")


def _read(shard: Path, decode: Callable[[str, Files], _T], only: str | None = None) -> Iterator[_T]:
    """Yields each sample of a shard, or the one named `only`: what shares the name before the first dot."""
    try:
        with tarfile.open(shard) as tar:
            for key, members in groupby(tar, lambda member: member.name.partition(".")[0]):
                if only in (None, key):
                    yield decode(key, dict(_file(tar, member) for member in members))
    except (tarfile.TarError, OSError, SyntaxError, ValueError, KeyError) as error:
        raise damaged_shard(shard, error) from error


def damaged_shard(shard: Path, error: Exception) -> UserError:
    """Says what is wrong with a shard: Pillow names an address in memory, a dictionary the key alone."""
    reason = f"{error} is missing in it" if isinstance(error, KeyError) else str(error)
    if isinstance(error, UnidentifiedImageError):
        reason = "it holds an image that cannot be read"
    return UserError(f"{shard} is damaged: {reason}. Delete it and run `dvc repro`.")


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, bytes]:
    """Returns what stands behind the first dot of the name, and the content."""
    file = tar.extractfile(member)
    return member.name.partition(".")[2], file.read() if file else b""


def _sample(key: str, files: Files) -> Sample:
    encoded = files["image.jpg"] if "image.jpg" in files else files["image.png"]
    mask = np.asarray(Image.open(io.BytesIO(files["mask.png"]))).astype(np.int32)
    return Sample(key, _decoded(encoded), mask, json.loads(files["json"])["name"], encoded)


def _captioned(key: str, files: Files) -> CaptionedImage:
    text = json.loads(files["json"])
    return CaptionedImage(key, _decoded(files["image.jpg"]), text["caption"], text["nouns"])


def _decoded(encoded: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(encoded)))
