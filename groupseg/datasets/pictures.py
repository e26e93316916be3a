"""Reading image and mask files as people have them."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from groupseg.errors import UserError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})

_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")


def read_picture(path: Path) -> tuple[NDArray[np.uint8], bytes]:
    """Reads a photograph of any common kind as RGB.

    Turned as its EXIF orientation says; 16-bit grey scaled to 8 bits; transparency laid on white, as browsers
    show it.

    Returns:
        The image, uint8 [H, W, 3], and a file that decodes to it: the bytes of `path` where it is an RGB JPEG
        that lies upright, so that nothing is compressed twice; else a PNG.

    Raises:
        UserError: If the file is truncated or no image.
    """
    data = path.read_bytes()
    with _decoding(path):
        image: Image.Image = Image.open(io.BytesIO(data))
        image.load()
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
        if image.format == "JPEG" and image.mode == "RGB" and not turned:
            return np.asarray(image), data
        if turned:
            image = ImageOps.exif_transpose(image)
        pixels = _rgb(image)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return pixels, file.getvalue()


def read_mask(path: Path) -> NDArray[np.int32]:
    """Reads the values of a mask, int32 [H, W]: indices into the palette (mode P), or grey of 8 or 16 bits.

    Raises:
        UserError: If the file is truncated, or holds no exact number a pixel but colours, one bit, or JPEG.
    """
    with _decoding(path):
        image = Image.open(path)
        image.load()
    # One bit is refused too: its 1 may be class 1, or a 255 (ignore) that an optimiser has packed.
    if image.mode not in ("P", "L", *_SIXTEEN_BIT) or image.format == "JPEG":
        found = "JPEG" if image.format == "JPEG" else f"mode {image.mode}"
        raise UserError(
            f"{path} is no mask: expected a PNG that holds the class number of each pixel (palette, or 8- or"
            f" 16-bit grey), got {found}. Save class numbers, not colours."
        )
    return np.asarray(image).astype(np.int32)


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Returns uint8 [H, W, 3]; raises ValueError for a mode that has no plain meaning in 8 bits."""
    if image.mode in _SIXTEEN_BIT:
        grey = np.asarray(image).astype(np.int64)
        if grey.min() < 0 or grey.max() > 65535:
            raise ValueError(f"grey values must lie in 0..65535; got {grey.min()}..{grey.max()}")
        return np.repeat(((grey + 128) // 257).astype(np.uint8)[..., None], 3, axis=2)
    if image.mode == "F":
        raise ValueError("pixels must be whole numbers; got floating point")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    """Turns whatever Pillow raises on a damaged file into one line that names it."""
    try:
        yield
    except _DAMAGE as error:
        raise UserError(
            f"{path} cannot be read as an image: {error}. Fetch it again, or take it out of the data set."
        ) from error
