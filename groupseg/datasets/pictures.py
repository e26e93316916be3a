"""Reading image and mask files as people have them."""

import io
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from groupseg.errors import UserError
from groupseg.io.files import stand_in

P = TypeVar("P", bound=np.generic)

# What to do with a mask that holds no class numbers, by what it is.
_COLOURS = (
    "Save class numbers, not colours, or say what the colours mean: in palette.txt beside images/ and masks/, or in the"
    " list of classes"
)
_REMEDIES = {
    "JPEG": "It blurs the numbers: save the mask as PNG where it was drawn",
    # Its 1 may be class 1, or a 255 that an optimiser has packed.
    "mode 1": "With one bit a pixel, 1 and 255 are the same: save it with 8 bits",
    "mode LA": "Save class numbers without transparency",
}

# Of pictures that keep every pixel, and so can be masks, and of all.
LOSSLESS = frozenset({".png", ".bmp", ".tif", ".tiff"})
SUFFIXES = LOSSLESS | {".jpg", ".jpeg", ".webp"}

# The value that a colour 0xRRGGBB stands for.
Palette = Mapping[int, int]

# How files of a format begin.
JPEG = b"\xff\xd8"
PNG = b"\x89PNG\r\n\x1a\n"

# Red, green and blue into one number.
_CODE = np.array([1 << 16, 1 << 8, 1], np.int32)

_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")


class Photograph(NamedTuple):
    """A picture that was read.

    Attributes:
        pixels: uint8 [H, W, 3], RGB, upright.
        encoded: A file that decodes to `pixels`.
        orientation: What its EXIF says of how it is stored, 1..8; 1 = upright.
    """

    pixels: NDArray[np.uint8]
    encoded: bytes
    orientation: int


def read_picture(data: bytes, label: str) -> tuple[NDArray[np.uint8], bytes]:
    """Reads a photograph as `open_photograph` does; returns its pixels, uint8 [H, W, 3], and a file of them."""
    return open_photograph(data, label)[:2]


def open_photograph(data: bytes, label: str) -> Photograph:
    """Reads a photograph of any common kind as RGB.

    Turned as its EXIF orientation says; 16-bit grey scaled to 8 bits; transparency laid on white, as browsers
    show it.

    Args:
        data: The file.
        label: What it is called in errors.

    Returns:
        The image, and a file that decodes to it: `data` where it is an RGB JPEG or PNG that lies upright, so that
        nothing is compressed twice; else a PNG.

    Raises:
        UserError: If the file is truncated or no image.
    """
    with _decoding(data, label):
        image: Image.Image = Image.open(io.BytesIO(data))
        image.load()
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        turned = orientation in range(2, 9)
        plain = image.format in ("JPEG", "PNG") and image.mode == "RGB" and not image.has_transparency_data
        if plain and not turned:
            return Photograph(np.asarray(image), data, 1)
        if turned:
            image = ImageOps.exif_transpose(image)
        pixels = _rgb(image)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return Photograph(pixels, file.getvalue(), int(orientation) if turned else 1)


def transpose(stored: NDArray[P], orientation: int) -> NDArray[P]:
    """Turns an array [H, W] as the EXIF orientation 1..8 of its picture says (Exif 2.32, tag 0x0112)."""
    # From 5 on rows and columns change places first; then what is mirrored or upside down is put right.
    turned = stored.T if orientation >= 5 else stored
    rows, columns = (-1 if orientation in those else 1 for those in ((3, 4, 7, 8), (2, 3, 6, 7)))
    return np.ascontiguousarray(turned[::rows, ::columns])


def read_mask(
    data: bytes, label: str, palette: Palette | None = None, by_colour: bool = False
) -> NDArray[np.uint8] | NDArray[np.int32]:
    """Reads the values of a mask, [H, W]: indices into the palette (mode P) or 8-bit grey, uint8; else int32.

    Args:
        data: The file.
        label: What it is called in errors.
        palette: What colours mean, for masks that were saved as colours; None refuses those.
        by_colour: Whether a mask with a palette of its own is read by the colours in it, where all are known.

    Raises:
        UserError: If the file is truncated, or holds no exact number a pixel but unknown colours, one bit, or JPEG.
    """
    with _decoding(data, label):
        image = Image.open(io.BytesIO(data))
        image.load()
    if palette is not None and image.format != "JPEG" and image.mode in ("RGB", "RGBA"):
        return _values(np.asarray(image.convert("RGB")), palette, label)
    if image.mode not in ("P", "L", *_SIXTEEN_BIT) or image.format == "JPEG":
        found = "JPEG" if image.format == "JPEG" else f"mode {image.mode}"
        raise UserError(
            f"{label} is no mask: expected a PNG that holds the class number of each pixel (palette, or 8- or"
            f" 16-bit grey), got {found}. {_REMEDIES.get(found, _COLOURS)}."
        )
    values = np.asarray(image)
    if by_colour and palette and image.mode == "P":
        return _by_own_palette(image, values, palette)
    return values if values.dtype == np.uint8 else values.astype(np.int32)


def _by_own_palette(
    image: Image.Image, indices: NDArray[np.uint8], palette: Palette
) -> NDArray[np.uint8] | NDArray[np.int32]:
    """Returns what the colours behind indices stand for; the indices, where one colour is unknown."""
    own = np.array(image.getpalette("RGB"), np.int32).reshape(-1, 3) @ _CODE
    used = np.unique(indices).tolist()
    meant = {index: palette.get(int(own[index])) if index < len(own) else None for index in used}
    if any(value is None for value in meant.values()) or all(index == value for index, value in meant.items()):
        return indices
    return np.array([meant.get(index, 0) for index in range(max(used) + 1)], np.int32).take(indices)


def _values(colours: NDArray[np.uint8], palette: Palette, label: str) -> NDArray[np.int32]:
    """Turns colours, uint8 [H, W, 3], into what they stand for."""
    codes: NDArray[np.int32] = colours.astype(np.int32) @ _CODE
    known = np.array(sorted(palette), np.int32)
    at = np.searchsorted(known, codes).clip(max=known.size - 1)
    if (wrong := np.unique(codes[known[at] != codes])).size:
        named = ", ".join(f"#{code:06x}" for code in wrong[:5])
        raise UserError(
            f"{label} holds {wrong.size} colours that no class has: {named}. Save class numbers, without smoothing, or"
            " list the colour."
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
def _decoding(data: bytes, label: str) -> Iterator[None]:
    """Turns whatever Pillow raises on a damaged file into one line that names it."""
    try:
        yield
    except _DAMAGE as error:
        if what := stand_in(data):
            raise UserError(f"{label} {what}.") from error
        reason = "of no kind that is known" if isinstance(error, UnidentifiedImageError) else error
        raise UserError(
            f"{label} cannot be read as an image: {reason}. Fetch it again, or take it out of the data set."
        ) from error
