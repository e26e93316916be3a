"""What a shard holds of an image: a few small files, and what the manifest is to say of them."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xxhash
from numpy.typing import NDArray
from PIL import Image

from groupseg.datasets.labelled import FoundSample, Remark
from groupseg.datasets.pictures import JPEG
from groupseg.datasets.sample import CaptionedImage, Sample, ignore_value


@dataclass(frozen=True, eq=False)
class Entry:
    """An image as it goes into a shard.

    Args:
        key: Its name there, unique in the data set.
        name: What its owner calls it, for errors.
        files: The content of each of its files, by what stands behind the key and a dot.
        picture: 16 bytes that are the same for the same pixels; empty where nobody asks.
        pixels: How many pixels each label 0..classes has, int64; empty where there are no labels.
        ignored: How many pixels are unknown.
        remarks: What its owner should know of it.
    """

    key: str
    name: str
    files: Mapping[str, bytes]
    picture: bytes = b""
    pixels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ignored: int = 0
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Unusable:
    """An image that is passed over, and why."""

    reason: str


def labelled_entry(sample: Sample, classes: int) -> Entry:
    """Encodes a labelled image; `classes` is how many there are, without background."""
    encoded = sample.encoded or _jpeg(sample.image)
    suffix = "jpg" if encoded.startswith(JPEG) else "png"
    found = sample if isinstance(sample, FoundSample) else None
    mask = (found.mask_file if found else None) or _mask_file(sample)
    files = {f"image.{suffix}": encoded, "mask.png": mask, "json": _json({"name": sample.name})}
    pixels = count_pixels(sample.mask, classes)
    ignored, remarks = sample.mask.size - int(pixels.sum()), found.remarks if found else ()
    return Entry(sample.key, sample.name, files, _digest(sample.image), pixels, ignored, remarks)


def captioned_entry(image: CaptionedImage, encoded: bytes | None = None) -> Entry:
    """Encodes an image with its caption; `encoded` is a JPEG that decodes to it, to be stored as it is."""
    text = _json({"caption": image.caption, "nouns": image.nouns})
    return Entry(image.key, image.key, {"image.jpg": encoded or _jpeg(image.image), "json": text})


def count_pixels(mask: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """Counts the pixels of each label 0..classes, int64 [classes + 1]; ignored ones are in none.

    Args:
        mask: Integer [H, W], of labels 0..classes and `ignore_value(classes)`.
        classes: How many there are, without background.
    """
    # Labels come in runs: these and their lengths are counted 3 times as fast as pixels.
    labels = mask.ravel()
    inner = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    bounds = np.concatenate([[0], inner, [labels.size]])
    found = np.bincount(labels[bounds[:-1]], bounds[1:] - bounds[:-1], minlength=ignore_value(classes) + 1)
    return found[: classes + 1].astype(np.int64)


def _digest(image: NDArray[np.uint8]) -> bytes:
    # Not for safety, but to find copies: 20 times as fast as sha256, which would be felt beside decoding.
    digest = xxhash.xxh3_128(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()


def _mask_file(sample: Sample) -> bytes:
    wide = sample.mask.max() > 255
    # Small drawings are packed as tightly as can be; on a photograph that would take as long as decoding it.
    options = {"compress_level": 1} if sample.encoded else {}
    return _file(sample.mask.astype(np.uint16 if wide else np.uint8), "PNG", **options)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    """Returns an image as a JPEG of quality 95 in full colour resolution: a third of a PNG in size."""
    return _file(image, "JPEG", quality=95, subsampling=0)


def _file(pixels: NDArray[np.generic], kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def _json(data: Mapping[str, object]) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False).encode()
