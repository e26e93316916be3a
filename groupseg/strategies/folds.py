"""Folds of images: what is tuned on some calibration images is judged on others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from groupseg.segments.table import SegmentTable

FOLDS = 5


def tuning_folds(table: SegmentTable) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yields for each fold which segments are outside it and which in it, [S] bool each.

    All segments of an image are in one fold. The folds are drawn with a fixed seed, so that the order of the images,
    which may be that of their classes, decides nothing. With fewer images than folds each image is a fold; a single
    image cannot be held out and gives no fold.
    """
    images = len(table.keys)
    if images < 2:
        return
    count = min(FOLDS, images)
    fold = (np.random.default_rng(0).permutation(images) % count)[table.image]
    for held in range(count):
        yield fold != held, fold == held
