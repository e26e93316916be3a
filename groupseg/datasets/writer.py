"""Writing prepared data sets; `groupseg.datasets.shards` reads them back.

Equal input gives equal bytes: no time and no user name goes into a shard.
"""

import hashlib
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from webdataset import ShardWriter

from groupseg.datasets.sample import CaptionedImage, Sample, ignore_value
from groupseg.errors import UserError
from groupseg.files import sha256, write_json

IMAGES_PER_SHARD = 1000


def write_samples(
    folder: Path,
    classes: Sequence[str],
    background: bool,
    splits: Mapping[str, Iterable[Sample]],
    origin: Mapping[str, str],
    crossfit: int = 0,
) -> None:
    """Writes a labelled data set: shards, classes.json, manifest.json. Only then is `folder` replaced.

    Args:
        folder: Where it will lie.
        classes: Names without background.
        background: Whether label 0 is background.
        splits: The images of `calib` and `test`.
        origin: What the manifest says first, such as {"dataset": ..., "format": ...}.
        crossfit: In how many folds the images of `test`, then the only split, are calibrated and judged in turn;
            0 where there is a calib split. See `groupseg.datasets.crossfit`.

    Raises:
        UserError: If a split is empty, two images share a key, a picture is in two splits, the disk is full.
    """
    seen = _Seen()
    with _replaced(folder) as temporary:
        report = {}
        for split, samples in splits.items():
            pixels = np.zeros(len(classes) + 1, np.int64)
            with _shard_writer(temporary, split) as writer:
                for sample in samples:
                    seen.add(sample, split)
                    pixels += _pixels(sample.mask, len(classes))
                    writer.write(_members(sample))
                images = writer.total
            if images == 0:
                raise UserError(
                    f"{folder.name}: its {split} split is empty. List images for it, or change source.calib."
                )
            shards = {path.name: sha256(path) for path in sorted(temporary.glob(f"{split}-*.tar"))}
            report[split] = {"images": images, "pixels": pixels, "shards": shards}
        folds = {"crossfit": crossfit} if crossfit else {}
        write_json(temporary / "classes.json", {"classes": list(classes), "background": background, **folds})
        write_json(temporary / "manifest.json", {**origin, **folds, "splits": report})


def write_captions(folder: Path, images: Iterable[CaptionedImage]) -> None:
    """Writes captioned images as the shards of `train`; `folder` is replaced once all is written.

    Raises:
        UserError: If the disk is full or may not be written.
    """
    with _replaced(folder) as temporary, _shard_writer(temporary, "train") as writer:
        for image in images:
            text = _json({"caption": image.caption, "nouns": image.nouns})
            writer.write({"__key__": image.key, "image.jpg": _jpeg(image.image), "json": text})


class _Seen:
    """The keys and pictures written so far."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._pictures: dict[bytes, tuple[str, str]] = {}

    def add(self, sample: Sample, split: str) -> None:
        """Raises UserError if the key is taken, or the same pixels lie in another split."""
        if sample.key in self._keys:
            raise UserError(f"image {sample.name!r} comes twice in the data set. List it in one split, once.")
        self._keys.add(sample.key)
        digest = hashlib.sha256(repr(sample.image.shape).encode() + sample.image.tobytes()).digest()
        other, name = self._pictures.setdefault(digest, (split, sample.name))
        if other != split:
            raise UserError(
                f"image {name!r} of the {other} split and {sample.name!r} of the {split} split are the same"
                " picture. Take one out: what is fitted on an image must not be judged on it."
            )


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Yields an empty folder that takes the place of `folder` when the block ends well, and goes when not."""
    # A fixed name: what a killed run left is found and removed by the next.
    temporary = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"Cannot write {folder}: {reason}. Free the space or the permission and run again.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _shard_writer(folder: Path, split: str) -> ShardWriter:
    # Absolute, so that webdataset takes no part of it for a protocol, and no percent sign for a number.
    pattern = f"{folder.absolute()}/{split}-".replace("%", "%%") + "%05d.tar"
    owner = {"user": "groupseg", "group": "groupseg", "mtime": 0, "encoder": False, "format": "PAX_FORMAT"}
    return ShardWriter(pattern, maxcount=IMAGES_PER_SHARD, verbose=0, **owner)


def _members(sample: Sample) -> dict[str, str | bytes]:
    encoded = sample.encoded or _jpeg(sample.image)
    suffix = "jpg" if encoded.startswith(b"\xff\xd8") else "png"
    wide = sample.mask.max() > 255
    mask = _file(sample.mask.astype(np.uint16 if wide else np.uint8), "PNG")
    name = _json({"name": sample.name})
    return {"__key__": sample.key, f"image.{suffix}": encoded, "mask.png": mask, "json": name}


def _pixels(mask: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """Counts the pixels of each label 0..classes."""
    labels = mask[mask != ignore_value(classes)]
    return np.bincount(labels, minlength=classes + 1)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    """Returns a drawn image as a JPEG of quality 95 in full colour resolution: a third of a PNG in size."""
    return _file(image, "JPEG", quality=95, subsampling=0)


def _file(pixels: NDArray[np.generic], kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def _json(data: Mapping[str, object]) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False).encode()
