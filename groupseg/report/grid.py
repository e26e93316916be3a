"""The figures of pictures: image, truth and label maps side by side, class names under each row."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from groupseg.report.album import Example
from groupseg.report.palette import paint, palette
from groupseg.report.style import INK, QUIET, styled

CELL, GAP, MARGIN = 192, 6, 8
LEGEND, HEADING, SUBHEADING, FOOT = 24, 26, 15, 16
COLUMNS = 5
WIDTH = 2 * MARGIN + COLUMNS * CELL + (COLUMNS - 1) * GAP
_DPI = 100


class PictureGrid:
    """A figure that is filled with rows of pictures from the top down; all measures are pixels of the file.

    Args:
        credit: What stands at the foot on the right, such as the licence of the artwork.
        note: What stands at the foot on the left.
    """

    def __init__(self, credit: str, note: str = "") -> None:
        self._foot = (note, credit)
        self._rows: list[tuple[int, Callable[[Figure, float], None]]] = []

    def heading(self, titles: Sequence[str], subtitles: Sequence[str] = ()) -> None:
        """Adds a line of up to five column titles, and one of smaller print below it."""
        height = HEADING + SUBHEADING * bool(subtitles)
        self._rows.append((height, partial(_draw_heading, titles=titles, subtitles=subtitles)))

    def example(self, example: Example, classes: Sequence[str]) -> None:
        """Adds a row of pictures with its legend; `classes` are the names without background."""
        pictures = tiles(example, classes, CELL)
        height = pictures[0].shape[0] + LEGEND
        self._rows.append((height, partial(_draw_example, example=example, pictures=pictures, classes=classes)))

    def draw(self) -> Figure:
        """Draws the rows."""
        height = sum(used for used, _ in self._rows) + MARGIN + FOOT
        with styled():
            figure = Figure(figsize=(WIDTH / _DPI, height / _DPI), dpi=_DPI)
            top = height
            for used, draw in self._rows:
                draw(figure, top)
                top -= used
            for x, side, text in zip((MARGIN, WIDTH - MARGIN), ("left", "right"), self._foot, strict=True):
                _text(figure, x, MARGIN, text, size=7, color=QUIET, ha=side, va="bottom")
        return figure


def tiles(example: Example, classes: Sequence[str], cell: int) -> list[NDArray[np.uint8]]:
    """Paints image and label maps so that they fill a square of `cell` pixels, small ones by a whole factor."""
    rows, columns = example.image.shape[:2]
    scale = cell / max(rows, columns)
    scale = math.floor(scale) if scale > 1 else scale
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    # Labels are names, not amounts, and have nothing between them; a small image is shown pixel by pixel.
    sampling = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
    maps = [
        Image.fromarray(paint(labels, len(classes))).resize(size, Image.Resampling.NEAREST) for labels in example.maps
    ]
    return [np.asarray(picture) for picture in (Image.fromarray(example.image).resize(size, sampling), *maps)]


def _left(column: int) -> int:
    return MARGIN + column * (CELL + GAP)


def _draw_heading(figure: Figure, top: float, titles: Sequence[str], subtitles: Sequence[str]) -> None:
    for column, title in enumerate(titles):
        _text(figure, _left(column), top - 8, title, size=8.5, weight="bold", va="top")
    for column, subtitle in enumerate(subtitles):
        _text(figure, _left(column), top - 24, subtitle, size=7.5, color=QUIET, va="top")


def _draw_example(
    figure: Figure, top: float, example: Example, pictures: list[NDArray[np.uint8]], classes: Sequence[str]
) -> None:
    height, width = pictures[0].shape[:2]
    for column, picture in enumerate(pictures):
        x, y = _left(column), round(top - height)
        figure.figimage(picture, x, y)
        # A hairline keeps a map of ignored pixels, which is white, from melting into the page.
        figure.add_artist(
            Rectangle(*_relative(figure, x, y, width, height), fill=False, edgecolor=QUIET, linewidth=0.4)
        )
    note = "pixels right: {:.0f} % → {:.0f} %".format(*(100 * share for share in example.right))
    line = top - height - 10
    used = _text(figure, WIDTH - MARGIN, line, note, size=7, color=QUIET, ha="right", va="center_baseline")
    _draw_legend(figure, _by_area(example.maps, len(classes)), classes, line, WIDTH - MARGIN - used - 16)


def _draw_legend(figure: Figure, labels: Sequence[int], classes: Sequence[str], y: float, limit: float) -> None:
    """Draws the names of labels in one line up to `limit`, and at its end how many did not fit."""
    x: float = MARGIN
    for index, label in enumerate(labels):
        name = classes[label - 1] if label else "background"
        width = _text(figure, x + 12, y, name, size=7, va="center_baseline")
        rest = 0 if index == len(labels) - 1 else 30
        if x + 12 + width + rest > limit:
            figure.texts[-1].set_text(f"+{len(labels) - index}")
            figure.texts[-1].set_x(x / WIDTH)
            return
        figure.add_artist(
            Rectangle(
                *_relative(figure, x, y - 4, 9, 9),
                facecolor=palette(len(classes))[label] / 255,
                edgecolor="none",
            )
        )
        x += 12 + width + 12


def _by_area(maps: Sequence[NDArray[np.int32]], classes: int) -> list[int]:
    """Labels that occur in any of the maps, by falling area over all of them."""
    pixels = sum(np.bincount(labels[labels <= classes], minlength=classes + 1) for labels in maps)
    order = np.argsort(-np.asarray(pixels), kind="stable")
    return [int(label) for label in order if np.asarray(pixels)[label]]


def _text(figure: Figure, x: float, y: float, text: str, **style: Any) -> float:
    """Writes a text at a pixel and returns its width in pixels."""
    width, height = figure.get_size_inches() * figure.dpi
    artist = figure.text(x / width, y / height, text, **{"color": INK, **style})
    return float(artist.get_window_extent().width)


def _relative(
    figure: Figure, x: float, y: float, width: float, height: float
) -> tuple[tuple[float, float], float, float]:
    """Turns a box in pixels into one in parts of the figure, as Rectangle takes it."""
    whole, tall = figure.get_size_inches() * figure.dpi
    return (x / whole, y / tall), width / whole, height / tall
