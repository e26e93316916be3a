"""Segment tables of arrays of scores, whatever method they are from."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groupseg.datasets.sample import ignore_value
from groupseg.errors import UserError
from groupseg.networks.probabilities import ScoreKind, probabilities, resized
from groupseg.segments.gather import Gathered
from groupseg.segments.overlay import Map
from groupseg.segments.score_table import described, pixel_segments, score_table, score_vocabulary
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Scored:
    """Images whose every pixel has scores.

    Attributes:
        table: Their segments.
        vocabulary: The classes.
        maps: Of each image, int [H, W], the row in `table` of the segment of each pixel.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> scored.label_map(0, np.array([0, 1, 1, 2]))  # the background, two segments of cat, one of sofa
        array([[1, 1, 0, 2]])
    """

    table: SegmentTable
    vocabulary: Vocabulary
    maps: tuple[Map, ...]

    def label_map(self, image: int, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        """Turns labels of segments, [S], into those of the pixels of an image, [H, W]."""
        return np.asarray(labels[self.maps[image]])


def from_scores(
    scores: Iterable[ArrayLike],
    masks: Iterable[ArrayLike],
    classes: Sequence[str],
    *,
    kind: ScoreKind = "logits",
    with_background: bool = True,
    steps: int = 4096,
) -> Scored:
    """Makes a segment table of what any method says of every pixel.

    What a segment is said to be is the mean of its pixels, whose probabilities of the best class are less than
    1 / `steps` apart: a threshold cannot tell them. Pixels keep their best class. An image has at most `steps` times as
    many segments as classes, and never more than pixels; each takes 4 bytes a class.

    Args:
        scores: Of each image, float [C, h, w]. Where that is not the size of the mask, probabilities are brought to it
            bilinearly.
        masks: Of each image, int [H, W], the true labels: 0 = background, c = entry c - 1 of `classes`, 255 = unknown
            (65535 above 254 classes).
        classes: Names of the C classes, without background.
        kind: "logits", of which the softmax is taken, or "probabilities", which add up to 1 over the classes.
        with_background: Whether label 0 is a label of the data set.
        steps: How finely probabilities are told apart.

    Raises:
        UserError: If there is no image, the numbers of scores and masks differ, a shape does not fit, a score is not
            finite, a label is out of range, or probabilities are none.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> scored.maps[0]  # the pixels that are sofa come last
        array([[2, 1, 0, 3]])
        >>> scored.table.histogram.toarray()  # true labels under each segment
        array([[1, 0, 0],
               [0, 1, 0],
               [0, 1, 0],
               [0, 0, 1]])
    """
    gathered, maps, embedding, image_embedding = Gathered(classes), [], [], []
    for row, (own, mask) in enumerate(_paired(scores, masks)):
        where = f"image {row}"
        truth = _checked_mask(np.asarray(mask), len(classes), where)
        shares = resized(probabilities(np.asarray(own), len(classes), kind, where), truth.shape)
        segments, mean = pixel_segments(shares, steps)
        area = gathered.add(str(row), segments, truth, len(mean))
        of_segments, of_image = described(mean, area, len(classes))
        maps.append(segments)
        embedding.append(of_segments)
        image_embedding.append(of_image)
    if not maps:
        raise UserError("There are no scores. Give an array [classes, height, width] for each image.")
    protocol = {"scores": f"of every pixel, told apart in {steps} steps of probability"}
    columns = gathered.columns(protocol)
    table = score_table(columns, np.concatenate(embedding), np.stack(image_embedding), with_background, protocol)
    first = np.searchsorted(table.image, np.arange(len(maps)))
    return Scored(table, score_vocabulary(table), tuple(own + start for own, start in zip(maps, first, strict=True)))


def _paired(scores: Iterable[ArrayLike], masks: Iterable[ArrayLike]) -> Iterator[tuple[ArrayLike, ArrayLike]]:
    try:
        yield from zip(scores, masks, strict=True)
    except ValueError as error:
        raise UserError(f"Scores and masks are not of the same images: {error}. Give one mask for each.") from error


def _checked_mask(mask: NDArray[Any], classes: int, where: str) -> NDArray[np.int64]:
    known = mask[mask != ignore_value(classes)] if mask.ndim == 2 and mask.dtype.kind in "iu" else np.array([-1])
    if mask.size == 0 or (known.size and (known.min() < 0 or known.max() > classes)):
        raise UserError(
            f"{where}: expected a mask [height, width] of labels 0..{classes}, or {ignore_value(classes)} where the"
            f" label is not known, but got {mask.dtype} {mask.shape}{_span(mask)}. Mend it."
        )
    return mask.astype(np.int64)


def _span(mask: NDArray[Any]) -> str:
    return f" in {mask.min()}..{mask.max()}" if mask.size and mask.dtype.kind in "iuf" else ""
