"""What speaks for the classes of a segment besides its best one: runners-up, and the image as a whole."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupseg.explore.packed import smallest
from groupseg.segments.blocks import in_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import checked_scores, image_cosine

# Classes that are named of a segment, and of an image.
RUNNERS, NAMED = 4, 5


def runners_up(table: SegmentTable, vocabulary: Vocabulary) -> dict[str, Any]:
    """The classes that segments are most like, and their shares in the softmax: [S * R] each, segment by segment."""
    label, share = in_blocks(lambda block: _top(checked_scores("softmax", block, vocabulary), RUNNERS), table)
    return {"runners": smallest(label).ravel(), "shares": share.astype(np.float32).ravel()}


def image_evidence(table: SegmentTable, vocabulary: Vocabulary, rows: NDArray[np.int64]) -> dict[str, Any]:
    """The classes that whole images are most like, and their cosines: [M * K] each, image by image.

    "rank" is the place of every class in every image, [M * C], 1 = the one that it is most like.
    """
    cosine = image_cosine(table, vocabulary)[rows]
    label, value = _top(cosine, NAMED)
    rank = np.argsort(np.argsort(-cosine, axis=1, kind="stable"), axis=1) + 1
    return {
        "classes": smallest(label).ravel(),
        "cosines": value.astype(np.float32).ravel(),
        "rank": smallest(rank).ravel(),
    }


def _top(scores: NDArray[np.float64], count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The highest scores of each row and their labels, 1..C, highest first; of equals, the first."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return order + 1, np.take_along_axis(scores, order, axis=1)
