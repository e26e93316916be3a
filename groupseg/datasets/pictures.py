"""Reading image and mask files as people have them."""

import io
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from groupseg.errors import UserError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})

# The value that a colour 0xRRGGBB stands for.
Palette = Mapping[int, int]

# How files of a format begin.
JPEG = b"\xff\xd8"
PNG = b"\x89PNG\r\n\x1a\n"

_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")


def read_picture(data: bytes, label: str) -> tuple[NDArray[np.uint8], bytes]:
    """Reads a photograph of any common kind as RGB.

    Turned as its EXIF orientation says; 16-bit grey scaled to 8 bits; transparency laid on white, as browsers
    show it.

    Args:
        data: The file.
        label: What it is called in errors.

    Returns:
        The image, uint8 [H, W, 3], and a file that decodes to it: `data` where it is an RGB JPEG or PNG that lies
        upright, so that nothing is compressed twice; else a PNG.

    Raises:
        UserError: If the file is truncated or no image.
    """
    with _decoding(label):
        image: Image.Image = Image.open(io.BytesIO(data))
        image.load()
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
        plain = image.format in ("JPEG", "PNG") and image.mode == "RGB" and not image.has_transparency_data
        if plain and not turned:
            return np.asarray(image), data
        if turned:
            image = ImageOps.exif_transpose(image)
        pixels = _rgb(image)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return pixels, file.getvalue()


def read_mask(data: bytes, label: str, palette: Palette | None = None) -> NDArray[np.uint8] | NDArray[np.int32]:
    """Reads the values of a mask, [H, W]: indices into the palette (mode P) or 8-bit grey, uint8; else int32.

    Args:
        data: The file.
        label: What it is called in errors.
        palette: What colours mean, for masks that were saved as colours; None refuses those.

    Raises:
        UserError: If the file is truncated, or holds no exact number a pixel but unknown colours, one bit, or JPEG.
    """
    with _decoding(label):
        image = Image.open(io.BytesIO(data))
        image.load()
    if palette is not None and image.format != "JPEG" and image.mode in ("RGB", "RGBA"):
        return _values(np.asarray(image.convert("RGB")), palette, label)
    # One bit is refused too: its 1 may be class 1, or a 255 (ignore) that an optimiser has packed.
    if image.mode not in ("P", "L", *_SIXTEEN_BIT) or image.format == "JPEG":
        found = "JPEG" if image.format == "JPEG" else f"mode {image.mode}"
        raise UserError(
            f"{label} is no mask: expected a PNG that holds the class number of each pixel (palette, or 8- or"
            f" 16-bit grey), got {found}. Save class numbers, not colours, or name the colours in palette.txt."
        )
    values = np.asarray(image)
    return values if values.dtype == np.uint8 else values.astype(np.int32)


def _values(colours: NDArray[np.uint8], palette: Palette, label: str) -> NDArray[np.int32]:
    """Turns colours, uint8 [H, W, 3], into what they stand for."""
    codes: NDArray[np.int32] = colours.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    known = np.array(sorted(palette), np.int32)
    at = np.searchsorted(known, codes).clip(max=known.size - 1)
    if (wrong := np.unique(codes[known[at] != codes])).size:
        named = ", ".join(f"#{code:06x}" for code in wrong[:5])
        raise UserError(
            f"{label} holds {wrong.size} colours that no class has: {named}. Save class numbers, without smoothing."
        )
    return np.array([palette[code] for code in known.tolist()], np.int32).take(at)


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
def _decoding(label: str) -> Iterator[None]:
    """Turns whatever Pillow raises on a damaged file into one line that names it."""
    try:
        yield
    except _DAMAGE as error:
        raise UserError(
            f"{label} cannot be read as an image: {error}. Fetch it again, or take it out of the data set."
        ) from error
