"""The font of pictures."""

import importlib.util
from functools import cache
from pathlib import Path

from PIL import ImageFont


@cache
def font(size: float, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Loads DejaVu Sans, which comes with matplotlib; found without importing that, which takes longer than to draw.

    Args:
        size: In pixels.
        bold: Whether letters are bold.
    """
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    name = f"DejaVuSans{'-Bold' if bold else ''}.ttf"
    return ImageFont.truetype(Path(spec.origin).parent / "mpl-data/fonts/ttf" / name, size)
