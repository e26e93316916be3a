"""The contact sheet: which images are shown, and masks laid over pictures."""

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter

from groupseg.check.survey import Survey, SurveySplit
from groupseg.datasets.sample import Sample
from groupseg.datasets.shards import read_sample
from groupseg.report.html import data_uri
from groupseg.report.palette import palette

# Pixels of the longer side of a picture; small ones are shown larger by a whole factor.
PICTURE_SIDE = 288
_FILL, _EDGE, _IGNORED = 132, 255, 205


@dataclass(frozen=True)
class SheetPicture:
    """An image of the sheet.

    Attributes:
        name: What its owner calls it.
        source: The image as a data URI.
        mask: Its mask in the colours of `palette` as a data URI, transparent where there is background.
        labels: The labels that it shows, by falling area.
        width: Of both, in pixels.
        height: Of both, in pixels.
    """

    name: str
    source: str
    mask: str
    labels: tuple[int, ...]
    width: int
    height: int


def choose_shown(split: SurveySplit, count: int) -> list[int]:
    """Chooses images that together show as many classes as they can; the rest evenly from all.

    Returns:
        Up to `count` rows, ascending.
    """
    shows = split.pixels[:, 1:-1] > 0
    wanted = shows.any(axis=0)
    rows: list[int] = []
    while wanted.any() and len(rows) < count:
        rows.append(int((shows & wanted).sum(axis=1).argmax()))
        wanted &= ~shows[rows[-1]]
    left = [row for row in range(len(shows)) if row not in rows]
    evenly = np.linspace(0, len(left) - 1, min(count - len(rows), len(left))).round().astype(int)
    return sorted([*rows, *(left[place] for place in evenly)])


def render_picture(survey: Survey, split: str, row: int) -> SheetPicture:
    """Reads an image again and makes the picture of it."""
    images = survey.splits[split]
    sample = read_sample(survey.folder, split, images.keys[row])
    pixels = images.pixels[row, :-1]
    order = np.argsort(-pixels, kind="stable")
    image, mask = _sized(sample)
    return SheetPicture(
        name=sample.name,
        source=_uri(Image.fromarray(image), "JPEG", quality=86),
        mask=_uri(Image.fromarray(coloured_mask(mask, len(survey.classes))), "PNG", optimize=True),
        labels=tuple(int(label) for label in order[: np.count_nonzero(pixels)]),
        width=image.shape[1],
        height=image.shape[0],
    )


def coloured_mask(mask: NDArray[np.integer], classes: int) -> NDArray[np.uint8]:
    """Colours a mask so that it can lie over its picture: background clear, borders of labels firm.

    Args:
        mask: [H, W], labels in 0..classes; anything above is ignored pixels, which become a white veil.
        classes: Number of classes without background.

    Returns:
        [H, W, 4] uint8, RGBA.
    """
    labels = np.minimum(mask, classes + 1)
    alpha = np.full(classes + 2, _FILL, dtype=np.uint8)
    alpha[[0, classes + 1]] = 0, _IGNORED
    border = maximum_filter(labels, 3) != minimum_filter(labels, 3)
    firm = border & (labels > 0) & (labels <= classes)
    return np.dstack([palette(classes)[labels], np.where(firm, _EDGE, alpha[labels])]).astype(np.uint8)


def _sized(sample: Sample) -> tuple[NDArray[np.uint8], NDArray[np.integer]]:
    """Brings image and mask to the size of the sheet."""
    rows, columns = sample.mask.shape
    scale = PICTURE_SIDE / max(rows, columns)
    scale = math.floor(scale) if scale > 1 else scale
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    smooth = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
    image = np.asarray(Image.fromarray(sample.image).resize(size, smooth))
    # Labels are names, not amounts, and have nothing between them.
    mask = Image.fromarray(sample.mask.astype(np.int32)).resize(size, Image.Resampling.NEAREST)
    return image, np.asarray(mask)


def _uri(image: Image.Image, kind: str, **options: int) -> str:
    """Writes an image as a data URI."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return data_uri(file.getvalue(), kind.lower())
