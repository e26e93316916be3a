"""What speaks for the classes of a segment besides its best one: runners-up, and the image as a whole."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groupseg.explore.packed import smallest
from groupseg.segments.blocks import in_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import checked_scores, image_cosine

# Classes that are named of a segment, and of an image.
RUNNERS, _NAMED = 4, 5


class Evidence(NamedTuple):
    """What segments and images resemble.

    Attributes:
        runners: [G, R] int64, the classes that each segment is most like, 1..C, the first one first.
        shares: [G, R] float64, their shares in the softmax over the classes, 0..1.
        image: [M, C] float64, cosine of each image and class.
    """

    runners: NDArray[np.int64]
    shares: NDArray[np.float64]
    image: NDArray[np.float64]


def evidence(table: SegmentTable, vocabulary: Vocabulary) -> Evidence:
    """Gathers the evidence of all segments and images of a table."""
    runners, shares = in_blocks(lambda block: _top(checked_scores("softmax", block, vocabulary), RUNNERS), table)
    return Evidence(runners, shares, image_cosine(table, vocabulary))


def evidence_on_page(found: Evidence) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns what the page reads of segments and of images.

    Returns:
        "runners" and "shares", segment by segment; and, image by image, "classes" and "cosines" of those that it is
            most like, and "rank", the place of every class, 1 = the one that it is most like.
    """
    label, value = _top(found.image, _NAMED)
    rank = np.argsort(np.argsort(-found.image, axis=1, kind="stable"), axis=1) + 1
    segments = {"runners": smallest(found.runners).ravel(), "shares": found.shares.astype(np.float32).ravel()}
    images = {"classes": smallest(label), "cosines": value.astype(np.float32), "rank": smallest(rank)}
    return segments, {name: values.ravel() for name, values in images.items()}


def _top(scores: NDArray[np.float64], count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The highest scores of each row and their labels, 1..C, highest first; of equals, the first."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return order + 1, np.take_along_axis(scores, order, axis=1)
