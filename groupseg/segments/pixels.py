"""Segment tables of methods that score every pixel for itself, from arrays: no network, no params.yaml.

A segment is the pixels of an image that have the same best class and about the same probability of it. Its embedding is
what the method says of the classes, as logits, and the text of a class is the unit vector along its own logit: with
that, every rule that looks at scores reads the method's own. Rules that need words, templates or vectors of a text
encoder have nothing to read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, vstack

from groupseg.datasets.sample import ignore_value
from groupseg.errors import UserError
from groupseg.segments.overlay import Map, compact
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary

Kind = Literal["logits", "probabilities"]
Probabilities = NDArray[np.float64]

# Probabilities below this one are taken for it, as logits must be finite.
LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Scored:
    """Images whose every pixel has scores.

    Attributes:
        table: Their segments.
        vocabulary: The classes.
        maps: Of each image, int [H, W], the row in `table` of the segment of each pixel.
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
    kind: Kind = "logits",
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
    """
    maps, shares, histograms = [], [], []
    for row, (own, mask) in enumerate(_paired(scores, masks)):
        where = f"image {row}"
        truth = _checked_mask(np.asarray(mask), len(classes), where)
        found = _resized(_probabilities(np.asarray(own), len(classes), kind, where), truth.shape)
        segments, mean = pixel_segments(found, steps)
        maps.append(segments)
        shares.append(mean)
        histograms.append(_histogram(segments, truth, len(mean), len(classes)))
    if not maps:
        raise UserError("There are no scores. Give an array [classes, height, width] for each image.")
    counts = [len(mean) for mean in shares]
    first = np.cumsum([0, *counts[:-1]])
    areas = [np.bincount(own.ravel(), minlength=count) for own, count in zip(maps, counts, strict=True)]
    # The mean over the pixels of an image, from that over its segments.
    whole = [area @ mean / area.sum() for area, mean in zip(areas, shares, strict=True)]
    table = SegmentTable(
        image=np.repeat(np.arange(len(maps), dtype=np.int32), counts),
        embedding=_logits(np.concatenate(shares)),
        area=np.concatenate(areas),
        histogram=csr_array(vstack(histograms, format="csr")),
        image_embedding=_logits(np.stack(whole)),
        keys=tuple(map(str, range(len(maps)))),
        classes=tuple(classes),
        text_mean=np.zeros(len(classes), dtype=np.float32),
        scale=1.0,
        background=np.zeros((0, len(classes)), dtype=np.float32),
        with_background=with_background,
        protocol={"scores": f"of every pixel, told apart in {steps} steps of probability"},
    )
    return Scored(table, score_vocabulary(classes), tuple(own + start for own, start in zip(maps, first, strict=True)))


def score_vocabulary(classes: Sequence[str]) -> Vocabulary:
    """Makes the vocabulary of a table of scores: unit vectors, and no words beyond the names."""
    text = np.eye(len(classes), dtype=np.float32)
    return Vocabulary(classes=tuple(classes), words=tuple(classes), text=text, ensemble=text[None], lists={})


def pixel_segments(probabilities: Probabilities, steps: int) -> tuple[Map, Probabilities]:
    """Puts the pixels of an image together that share a best class and a step of its probability.

    Args:
        probabilities: [C, H, W], sums of 1.
        steps: How many steps there are in 0..1.

    Returns:
        int [H, W], segments 0..G-1 by class and then by probability, each with a pixel; and the mean of the pixels of
        each, [G, C]. Its best class is theirs, for it is the best of every one of them.
    """
    classes, *size = probabilities.shape
    pixels = probabilities.reshape(classes, -1)
    best = pixels.argmax(axis=0)
    step = np.minimum((pixels.max(axis=0) * steps).astype(np.intp), steps - 1)
    segments, kept = compact(best * steps + step, classes * steps)
    area = np.bincount(segments, minlength=len(kept))
    sums = np.stack([np.bincount(segments, weights=row, minlength=len(kept)) for row in pixels], axis=1)
    return segments.reshape(size), sums / area[:, None]


def _paired(scores: Iterable[ArrayLike], masks: Iterable[ArrayLike]) -> Iterator[tuple[ArrayLike, ArrayLike]]:
    try:
        yield from zip(scores, masks, strict=True)
    except ValueError as error:
        raise UserError(f"Scores and masks are not of the same images: {error}. Give one mask for each.") from error


def _probabilities(scores: NDArray[Any], classes: int, kind: Kind, where: str) -> Probabilities:
    """Checks the scores of an image and turns them into probabilities, [C, h, w]."""
    if scores.ndim != 3 or len(scores) != classes or scores.size == 0:
        raise UserError(
            f"{where}: expected scores of shape ({classes}, height, width), one plane for each class, but got"
            f" {scores.shape}. Leave a plane for the background out."
        )
    exact = scores.astype(np.float64)
    if not np.isfinite(exact).all():
        raise UserError(f"{where}: {np.count_nonzero(~np.isfinite(exact))} scores are not finite. Mend them.")
    if kind == "logits":
        shares = np.exp(exact - exact.max(axis=0))
        return np.asarray(shares / shares.sum(axis=0))
    total = exact.sum(axis=0)
    if exact.min() < 0 or np.abs(total - 1).max() > 1e-3:
        raise UserError(
            f"{where}: these are no probabilities: they lie in {exact.min():.3g}..{exact.max():.3g}, and their sums"
            f' over the classes in {total.min():.3g}..{total.max():.3g}. Give logits, with kind="logits".'
        )
    return np.asarray(exact / total)


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


def _resized(probabilities: Probabilities, size: tuple[int, ...]) -> Probabilities:
    """Brings probabilities to another size: bilinear, between the centres of pixels."""
    if probabilities.shape[1:] == size:
        return probabilities
    import torch
    from torch.nn import functional as F

    planes = torch.from_numpy(probabilities)[None]
    return F.interpolate(planes, size=size, mode="bilinear", align_corners=False)[0].numpy()


def _histogram(segments: Map, mask: NDArray[np.int64], count: int, classes: int) -> csr_array:
    """Counts the true labels under each segment, [count, classes + 1]."""
    known = mask != ignore_value(classes)
    cells = (segments[known], mask[known])
    return csr_array((np.ones(len(cells[0]), np.int64), cells), shape=(count, classes + 1))


def _logits(probabilities: Probabilities) -> NDArray[np.float32]:
    return np.log(np.maximum(probabilities, LEAST)).astype(np.float32)
