"""The figures of pictures: image, truth and label maps side by side, class names under each row."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from groupseg.fonts import font
from groupseg.report.album import Example
from groupseg.report.colours import QUIET
from groupseg.report.palette import paint, palette
from groupseg.report.paper import LARGE, MEDIUM, SMALL, Paper

CELL, GAP, GRID_MARGIN = 192, 6, 8
LEGEND, HEADING, SUBHEADING, FOOT = 24, 26, 15, 16
_COLUMNS = 5
GRID_WIDTH = 2 * GRID_MARGIN + _COLUMNS * CELL + (_COLUMNS - 1) * GAP


class PictureGrid:
    """A figure that is filled with rows of pictures from the top down; all measures are pixels.

    Args:
        credit: What stands at the foot on the right, such as the licence of the artwork.
        note: What stands at the foot on the left.
    """

    def __init__(self, credit: str, note: str = "") -> None:
        self._foot = (note, credit)
        self._rows: list[tuple[int, Callable[[Paper, int], None]]] = []

    def heading(self, titles: Sequence[str], subtitles: Sequence[str] = ()) -> None:
        """Adds a line of up to five column titles, and one of smaller print below it."""
        height = HEADING + SUBHEADING * bool(subtitles)
        self._rows.append((height, partial(_draw_heading, titles=titles, subtitles=subtitles)))

    def example(self, example: Example, classes: Sequence[str]) -> None:
        """Adds a row of pictures with its legend; `classes` are the names without background."""
        pictures = tiles(example.image, example.maps, len(classes), CELL)
        height = pictures[0].shape[0] + LEGEND
        self._rows.append((height, partial(_draw_example, example=example, pictures=pictures, classes=classes)))

    def draw(self) -> Paper:
        """Draws the rows."""
        height = sum(used for used, _ in self._rows) + GRID_MARGIN + FOOT
        paper = Paper(GRID_WIDTH, height)
        top = 0
        for used, draw in self._rows:
            draw(paper, top)
            top += used
        for x, anchor, text in zip((GRID_MARGIN, GRID_WIDTH - GRID_MARGIN), ("ld", "rd"), self._foot, strict=True):
            paper.write(x, height - GRID_MARGIN, text, SMALL, QUIET, anchor)
        return paper


def tiles(
    image: NDArray[np.uint8], maps: Sequence[NDArray[np.int32]], classes: int, cell: int
) -> list[NDArray[np.uint8]]:
    """Paints an image and label maps so that they fill a square of `cell` pixels, small ones by a whole factor."""
    rows, columns = image.shape[:2]
    scale = cell / max(rows, columns)
    scale = math.floor(scale) if scale > 1 else scale
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    # Labels are names, not amounts, and have nothing between them; a small image is shown pixel by pixel.
    sampling = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
    painted = [Image.fromarray(paint(labels, classes)).resize(size, Image.Resampling.NEAREST) for labels in maps]
    return [np.asarray(picture) for picture in (Image.fromarray(image).resize(size, sampling), *painted)]


def _left(column: int) -> int:
    return GRID_MARGIN + column * (CELL + GAP)


def _draw_heading(paper: Paper, top: int, titles: Sequence[str], subtitles: Sequence[str]) -> None:
    for column, title in enumerate(titles):
        paper.write(_left(column), top + 7, title, LARGE, bold=True)
    for column, subtitle in enumerate(subtitles):
        paper.write(_left(column), top + 23, subtitle, MEDIUM, QUIET)


def _draw_example(
    paper: Paper, top: int, example: Example, pictures: list[NDArray[np.uint8]], classes: Sequence[str]
) -> None:
    for column, picture in enumerate(pictures):
        paper.picture(_left(column), top, picture)
    note = "pixels right: {:.0f} % → {:.0f} %".format(*(100 * share for share in example.right))
    line = top + pictures[0].shape[0] + 10
    used = paper.write(GRID_WIDTH - GRID_MARGIN, line, note, SMALL, QUIET, "rm")
    _draw_legend(paper, _by_area(example.maps, len(classes)), classes, line, GRID_WIDTH - GRID_MARGIN - used - 16)


def _draw_legend(paper: Paper, labels: Sequence[int], classes: Sequence[str], y: int, limit: float) -> None:
    """Draws the names of labels in one line up to `limit`, and at its end how many did not fit."""
    x: float = GRID_MARGIN
    for index, label in enumerate(labels):
        name = classes[label - 1] if label else "background"
        rest = 0 if index == len(labels) - 1 else 30
        if x + 12 + font(SMALL).getlength(name) + rest > limit:
            paper.write(x, y, f"+{len(labels) - index}", SMALL, anchor="lm")
            return
        paper.swatch(x, y - 4, palette(len(classes))[label].tolist())
        x += 12 + paper.write(x + 12, y, name, SMALL, anchor="lm") + 12


def _by_area(maps: Sequence[NDArray[np.int32]], classes: int) -> list[int]:
    """Labels that occur in any of the maps, by falling area over all of them."""
    pixels = sum(np.bincount(labels[labels <= classes], minlength=classes + 1) for labels in maps)
    order = np.argsort(-np.asarray(pixels), kind="stable")
    return [int(label) for label in order if np.asarray(pixels)[label]]
