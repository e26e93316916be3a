"""An image with its classes painted on: tinted, outlined, named, and with a legend of their shares."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

from groupseg.array_types import Pixels
from groupseg.fonts import font
from groupseg.predict.naming import BACKGROUND
from groupseg.report.palette import palette

if TYPE_CHECKING:
    from groupseg.predict.result import Result

# The longer side of the picture: small images are enlarged and large ones reduced, so that a legend can be read.
SHORTEST, LONGEST = 640, 1280
_INK, _QUIET, _PAPER = (31, 35, 40), (107, 114, 128), (255, 255, 255)
# How much of the class colour covers the image, and how much white what is background.
TINT, FADE = 0.5, 0.3
_MARGIN, _LINE, _SWATCH, _SPACE = 12, 26, 16, 18
_LETTERS = 15
# Entries of a legend, and letters of a name, at most.
_ENTRIES, _LONGEST_NAME = 24, 32


class LegendEntry(NamedTuple):
    """A line of the legend: a colour, a name, and a share in words."""

    colour: tuple[int, ...]
    name: str
    share: str


def draw_overlay(result: "Result") -> Image.Image:
    """Draws the picture; see `Result.overlay`."""
    picture, labels = _scaled(result.image, result.labels)
    colours = palette(len(result.classes))
    canvas = _tinted(picture, labels, colours)
    _name_regions(canvas, labels, result.classes)
    legend = _legend(_entries(result, colours), canvas.width)
    page = Image.new("RGB", (canvas.width, canvas.height + legend.height), _PAPER)
    page.paste(canvas)
    page.paste(legend, (0, canvas.height))
    return page


def _scaled(image: Pixels, labels: NDArray[np.int32]) -> tuple[Pixels, NDArray[np.int32]]:
    """Brings image and labels to a size at which they can be looked at."""
    height, width = labels.shape
    longest = max(height, width)
    scale = min(max(longest, SHORTEST), LONGEST) / longest
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Few pixels are shown as they are; between labels there is nothing.
    sampling = Image.Resampling.NEAREST if scale > 2 else Image.Resampling.LANCZOS
    picture = np.asarray(Image.fromarray(image).resize(size, sampling))
    return picture, np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))


def _tinted(picture: Pixels, labels: NDArray[np.int32], colours: Pixels) -> Image.Image:
    """Covers classes with their colour and background with white, and draws the lines between labels."""
    weights = np.full(len(colours), round(255 * TINT), np.uint8)
    weights[0] = round(255 * FADE)
    cover, weight, edges = (
        np.where((labels > 0)[..., None], colours[labels], np.uint8(255)),
        weights[labels],
        _edges(labels),
    )
    cover[edges], weight[edges] = 255, 255
    return Image.composite(*(Image.fromarray(array) for array in (cover, picture, weight)))


def _edges(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Pixels on either side of a line between two labels."""
    edge = np.zeros(labels.shape, bool)
    across, down = labels[:, 1:] != labels[:, :-1], labels[1:] != labels[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return edge


def _name_regions(canvas: Image.Image, labels: NDArray[np.int32], classes: Sequence[str]) -> None:
    """Writes the name of each class where it has most room, if the name fits."""
    draw, letters = ImageDraw.Draw(canvas), font(_LETTERS)
    step = max(1, max(labels.shape) // 256)
    small = labels[::step, ::step]
    for label in np.unique(small[small > 0]):
        room = distance_transform_edt(np.pad(small == label, 1))[1:-1, 1:-1]
        y, x = (int(place) * step for place in np.unravel_index(room.argmax(), room.shape))
        name = _shortened(classes[label - 1])
        left, top, right, bottom = draw.textbbox((x, y), name, font=letters, anchor="mm")
        if room.max() * step * 2 < bottom - top + 8 or left < 4 or right > canvas.width - 4:
            continue
        draw.rounded_rectangle((left - 5, top - 4, right + 5, bottom + 4), radius=5, fill=_INK)
        draw.text((x, y), name, font=letters, anchor="mm", fill=_PAPER)


def _entries(result: "Result", colours: Pixels) -> list[LegendEntry]:
    numbers = {name: row for row, name in enumerate(result.classes, start=1)}
    shares = result.shares()
    entries = [
        LegendEntry(
            _PAPER if name == BACKGROUND else tuple(colours[numbers[name]].tolist()),
            _shortened(name),
            f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %",
        )
        for name, share in shares.items()
    ]
    left = len(entries) - _ENTRIES
    return entries if left <= 0 else [*entries[:_ENTRIES], LegendEntry(_PAPER, f"and {left} more", "")]


def _legend(entries: Sequence[LegendEntry], width: int) -> Image.Image:
    """Draws the legend, as many entries in a line as fit."""
    letters = font(_LETTERS)
    sizes = [_SWATCH + 7 + letters.getlength(entry.name) + 6 + letters.getlength(entry.share) for entry in entries]
    places, x, y = [], float(_MARGIN), _MARGIN
    for size in sizes:
        if x > _MARGIN and x + size > width - _MARGIN:
            x, y = float(_MARGIN), y + _LINE
        places.append((x, y))
        x += size + _SPACE
    legend = Image.new("RGB", (width, y + _LINE + _MARGIN // 2), _PAPER)
    draw = ImageDraw.Draw(legend)
    for entry, (x, y) in zip(entries, places, strict=True):
        draw.rounded_rectangle((x, y, x + _SWATCH, y + _SWATCH), radius=3, fill=entry.colour, outline=_QUIET)
        text = x + _SWATCH + 7
        draw.text((text, y + _SWATCH / 2), entry.name, font=letters, anchor="lm", fill=_INK)
        draw.text(
            (text + letters.getlength(entry.name) + 6, y + _SWATCH / 2),
            entry.share,
            font=letters,
            anchor="lm",
            fill=_QUIET,
        )
    return legend


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
