"""A sheet that pictures and words are put on; all measures are pixels, from the upper left corner."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from groupseg.fonts import font
from groupseg.io.files import atomic_path

INK, QUIET, _HAIRLINE = "#1f2328", "#6b7280", "#bebebe"
# Heights of letters.
SMALL, MEDIUM, LARGE = 9.75, 10.5, 11.75


class Paper:
    """A white sheet.

    Attributes:
        image: What has been put on it so far.
    """

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width, height), "white")
        self._draw = ImageDraw.Draw(self.image)

    def write(
        self, x: float, y: float, text: str, size: float, colour: str = INK, anchor: str = "la", bold: bool = False
    ) -> float:
        """Writes a line and returns its width; `anchor`, two letters of Pillow's, says where in it (x, y) lies."""
        letters = font(size, bold)
        self._draw.text((x, y), text, fill=colour, font=letters, anchor=anchor)
        return letters.getlength(text)

    def picture(self, x: int, y: int, pixels: NDArray[np.uint8]) -> None:
        """Puts a picture, uint8 [H, W, 3], with its upper left corner at (x, y), and a hairline around it."""
        height, width = pixels.shape[:2]
        # Ignored pixels are white, as is the sheet.
        self._draw.rectangle((x - 1, y - 1, x + width, y + height), outline=_HAIRLINE)
        self.image.paste(Image.fromarray(pixels), (x, y))

    def swatch(self, x: float, y: float, colour: Sequence[int]) -> None:
        """Puts a square of a colour, 9 pixels wide."""
        self._draw.rectangle((x, y, x + 8, y + 8), fill=tuple(colour))

    def save(self, path: Path) -> None:
        """Writes the sheet as PNG of 256 colours, a third of the size of all colours; equal sheets are equal bytes.

        Raises:
            UserError: If the file cannot be written.
        """
        image = self.image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        with atomic_path(path) as temporary:
            image.save(temporary, "PNG")
