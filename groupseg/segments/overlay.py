"""From the groups of overlapping windows to the segments of an image: pixels that share the same groups."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.networks.frame import Box
from groupseg.segments.parts import memberships

Map = NDArray[np.intp]

# Up to so many codes a pixel are counted in a table; more are sorted.
TABLE = 8


def overlay(
    canvas: tuple[int, int], boxes: Sequence[Box], maps: Sequence[Map], groups: Sequence[int]
) -> tuple[Map, csr_array]:
    """Puts the groups of windows on top of each other.

    Args:
        canvas: Height and width.
        boxes: Where the W windows lie; together they cover the canvas.
        maps: Of each window: int [h, w], the group of each pixel.
        groups: How many groups each window has.

    Returns:
        int [*canvas], segments 0..S-1, each with a pixel, and float64 [S, sum(groups)], which group of each window over
        it a segment lies in; groups are numbered through the windows.
    """
    segments = np.empty(canvas, dtype=np.intp)
    first = np.append(0, np.cumsum(groups))
    held: list[NDArray[np.int64]] = []
    count = 0
    for cell in cells(boxes):
        over = [row for row, box in enumerate(boxes) if contains(box, cell)]
        cut = [maps[row][within(boxes[row], cell)] for row in over]
        combined, found = combine(cut, [groups[row] for row in over])
        segments[within(Box(0, 0, *canvas), cell)] = combined + count
        held.append(found + first[over])
        count += len(found)
    counts = np.concatenate([np.full(len(found), found.shape[1]) for found in held])
    return segments, memberships(np.concatenate([found.ravel() for found in held]), counts, int(first[-1]))


def cells(boxes: Sequence[Box]) -> list[Box]:
    """Cuts a canvas along the edges of all windows, row by row: over a cell, the windows are the same everywhere."""
    rows = sorted({edge for box in boxes for edge in (box.top, box.bottom)})
    columns = sorted({edge for box in boxes for edge in (box.left, box.right)})
    return [Box(top, left, bottom, right) for top, bottom in pairwise(rows) for left, right in pairwise(columns)]


def contains(box: Box, cell: Box) -> bool:
    """Whether a cell lies in a window."""
    down = box.top <= cell.top and cell.bottom <= box.bottom
    return down and box.left <= cell.left and cell.right <= box.right


def within(box: Box, cell: Box) -> tuple[slice, slice]:
    """Rows and columns of a cell, counted from the corner of a window."""
    rows = slice(cell.top - box.top, cell.bottom - box.top)
    return rows, slice(cell.left - box.left, cell.right - box.left)


def combine(maps: Sequence[Map], groups: Sequence[int]) -> tuple[Map, NDArray[np.int64]]:
    """Numbers the combinations of groups that occur.

    Args:
        maps: K of one shape, int [h, w].
        groups: How many groups each has.

    Returns:
        int [h, w], combinations 0..n-1, in the order of their groups, and int64 [n, K], those groups.
    """
    combined, held = maps[0], np.arange(groups[0])[:, None]
    for own, count in zip(maps[1:], groups[1:], strict=True):
        if len(held) * count > TABLE * own.size:
            combined, kept = compact(combined, len(held))
            held = held[kept]
        combined = combined * count + own
        held = np.column_stack([held.repeat(count, axis=0), np.tile(np.arange(count), len(held))])
    combined, kept = compact(combined, len(held))
    return combined, held[kept]


def compact(codes: Map, bound: int) -> tuple[Map, NDArray[np.int64]]:
    """Numbers the codes that occur, int [...] in 0..bound-1, in their order: the numbers, and the codes [n]."""
    if bound > TABLE * codes.size:
        kept, numbers = np.unique(codes, return_inverse=True)
        return numbers.reshape(codes.shape), kept
    occurs = np.zeros(bound, dtype=bool)
    occurs[codes] = True
    return (np.cumsum(occurs) - 1)[codes], np.flatnonzero(occurs)


def nearest(segments: Map, size: tuple[int, int]) -> Map:
    """Brings a map, int [H, W], to another size: each pixel takes what lies under its centre."""
    if segments.shape == size:
        return segments
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, segments.shape, strict=True))
    return segments[np.ix_(rows, columns)]
