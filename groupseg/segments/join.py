"""The images of a split shared out among processes, and what they leave put together as if one had seen them all.

Process r of n has blocks r, r + n, r + 2n, ... of `BLOCK` images. What a network says of an image may depend, by a
rounding error, on the images it is computed with; these are those of its block, for any n.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from typing import TypeVar

import numpy as np
from scipy.sparse import csr_array, vstack

from groupseg.segments.build import BLOCK
from groupseg.segments.parts import Parts
from groupseg.segments.table import SegmentTable

_T = TypeVar("_T")


def is_own(image: int, rank: int, size: int) -> bool:
    """Whether an image, by its number in the split, is one of process `rank` of `size`."""
    return image // BLOCK % size == rank


def join_items(items: Sequence[Iterator[_T]]) -> Iterator[_T]:
    """Yields what each process has of its images, one thing an image, in the order of all images."""
    for own in cycle(items):
        block = list(islice(own, BLOCK))
        yield from block
        if len(block) < BLOCK:
            return


def join_tables(tables: Sequence[SegmentTable]) -> SegmentTable:
    """Makes the table of all images from those of the processes, in the order of their ranks; some may have none.

    Raises:
        ValueError: If the numbers of images are not those of processes that shared out a split.
    """
    images = [len(table.keys) for table in tables]
    process = np.arange(sum(images)) // BLOCK % len(tables)
    if np.bincount(process, minlength=len(tables)).tolist() != images:
        raise ValueError(f"Expected tables of one split shared out in blocks of {BLOCK}, but got {images} images")
    place = np.argsort(np.argsort(process, kind="stable"), kind="stable")
    return _concatenate(tables, images).subset(place)


def _concatenate(tables: Sequence[SegmentTable], images: Sequence[int]) -> SegmentTable:
    """Puts tables of so many images each one after the other."""
    first = np.cumsum([0, *images[:-1]], dtype=np.int32)
    parts = [table.parts for table in tables if table.parts is not None]
    return replace(
        tables[0],
        image=np.concatenate([table.image + start for table, start in zip(tables, first, strict=True)]),
        embedding=np.concatenate([table.embedding[:] for table in tables]),
        area=np.concatenate([table.area for table in tables]),
        histogram=csr_array(vstack([table.histogram for table in tables], format="csr")),
        image_embedding=np.concatenate([table.image_embedding for table in tables]),
        keys=tuple(key for table in tables for key in table.keys),
        parts=Parts.concatenate(parts, images) if parts else None,
        digests=tuple(digest for table in tables for digest in table.digests),
    )
