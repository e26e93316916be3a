"""Masks from the shapes of COCO's JSON: polygons and run-length encodings, painted one over the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco
from pydantic import Field, FiniteFloat, StringConstraints
from typing_extensions import TypedDict

from groupseg.datasets.labelled import Item, Remark, Truth
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

# Numbers of at most seven characters, each but the last of which says that more follow; see `run_lengths`.
_Packed = Annotated[str, StringConstraints(pattern=r"^(?:[P-o]{0,6}[0-O])+$")]
# So many times the pixels of a shape are far from those that its owner gives.
_HARDLY = 10
_Run = Annotated[int, Field(ge=0, lt=1 << 31)]


class Rle(TypedDict):
    """Lengths of runs down the columns, of 0 and 1 in turn: numbers, or packed into a string."""

    size: tuple[int, int]  # height, width
    counts: _Packed | list[_Run]


# Polygons are lists x, y, x, y, ... of pixels; all of them together are the shape.
Segmentation = list[list[FiniteFloat]] | Rle


class Shape(NamedTuple):
    """A part of an image.

    Args:
        label: What its pixels get.
        segmentation: Where they are.
        name: What it is called in errors.
        area: How many pixels it has at least by its owner; 0 where that is not said.
    """

    label: int
    segmentation: Segmentation
    name: str
    area: float = 0


@dataclass(frozen=True)
class Drawing:
    """The truth of an image as shapes: each is painted over those before it."""

    height: int
    width: int
    shapes: Sequence[Shape]


@dataclass(frozen=True)
class Painter:
    """Decodes items whose truth is a `Drawing`.

    Args:
        ground: The label where no shape is, and of shapes of label 0: 0 = background, or `ignore_value`.
        remarks: Whether shapes that are not seen are told of.
    """

    ground: int = 0
    remarks: bool = False

    def __call__(self, tree: Tree, item: Item) -> Truth:
        """Returns the labels of an item.

        Raises:
            UserError: If a shape is none, or of another size than its image.
        """
        drawing: Drawing = item.truth
        labels = np.full((drawing.height, drawing.width), self.ground, np.int32)
        areas = []
        for shape in drawing.shapes:
            inside = decode(shape.segmentation, drawing.height, drawing.width, shape.name) > 0
            labels[inside] = shape.label or self.ground
            if self.remarks:
                areas.append((shape, np.flatnonzero(inside)))
        return Truth(labels, remarks=tuple(_unseen(labels.ravel(), areas)))


def _unseen(labels: NDArray[np.int32], areas: Sequence[tuple[Shape, NDArray[np.intp]]]) -> Iterator[Remark]:
    """Yields the shapes that have no pixel or hardly any, and those of which none has its label in the end."""
    for shape, pixels in areas:
        if pixels.size == 0 or _HARDLY * pixels.size < shape.area:
            yield Remark("empty", shape.name)
        elif not (labels[pixels] == shape.label).any():
            yield Remark("covered", shape.name)


def decode(segmentation: Segmentation, height: int, width: int, name: str) -> NDArray[np.uint8]:
    """Returns the pixels of a shape as 1, uint8 [height, width].

    Raises:
        UserError: If it is of another size, or no shape.
    """
    return np.asarray(coco.decode(_rle(segmentation, height, width, name)))


def area(segmentation: Segmentation, height: int, width: int, name: str) -> int:
    """Returns how many pixels a shape has; raises as `decode`."""
    return int(coco.area(_rle(segmentation, height, width, name)))


def run_lengths(counts: str) -> NDArray[np.int64]:
    """Unpacks the string of a run-length encoding (rleFrString of cocoapi, common/maskApi.c).

    A number is a string of 6-bit characters, the lowest 5 bits first; the sixth bit says that more follow. From the
    fourth on it is the difference to the last but one.
    """
    codes = np.frombuffer(counts.encode(), np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero(codes & 32 == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(codes.size) - np.repeat(starts, ends - starts + 1)
    numbers = np.add.reduceat((codes & 31) << 5 * place, starts)
    numbers -= np.where(codes[ends] & 16, 1 << 5 * (ends - starts + 1), 0)
    for first in (1, 2):
        numbers[first::2] = numbers[first::2].cumsum()
    return numbers


def _rle(segmentation: Segmentation, height: int, width: int, name: str) -> Any:
    """Brings a shape into the one form that pycocotools works on, once it is known to do no harm there."""
    if isinstance(segmentation, list):
        _check_polygons(segmentation, height, width, name)
        return coco.merge(coco.frPyObjects(segmentation, height, width))
    size, counts = tuple(segmentation["size"]), segmentation["counts"]
    if size != (height, width):
        raise UserError(
            f"{name}: the run-length encoding is {size[1]}x{size[0]} pixels, but the image is {width}x{height}. Encode"
            " it at the size of the image."
        )
    lengths = run_lengths(counts) if isinstance(counts, str) else np.array(counts, np.int64)
    # pycocotools reads memory that is not its own where runs do not fill the image.
    if lengths.sum() != height * width or (lengths < 0).any():
        raise UserError(
            f"{name}: the runs cover {lengths.sum()} pixels, but the image has {height * width}. Encode it again."
        )
    return segmentation if isinstance(counts, str) else coco.frPyObjects(segmentation, height, width)


def _check_polygons(polygons: list[list[float]], height: int, width: int, name: str) -> None:
    if not polygons:
        raise UserError(f"{name} has no segmentation. Draw its outline, or take the annotation out: a box is no mask.")
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise UserError(f"{name}: a polygon has {len(polygon)} numbers. Give x and y of three points or more.")
        # pycocotools walks along every edge, inside the image or not.
        if not -max(height, width) <= min(polygon) <= max(polygon) <= 2 * max(height, width):
            raise UserError(f"{name}: a polygon reaches far out of the image of {width}x{height}. Give it in pixels.")
