"""Segment tables of methods that score every pixel for itself: no network, no words.

A segment is the pixels of an image that have the same best class and about the same probability of it. Its embedding is
what the method says of the classes, as logits, and the text of a class is the unit vector along its own logit: with
that, every rule that looks at scores reads the method's own. Rules that need words, templates or vectors of a text
encoder have nothing to read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.sample import Sample
from groupseg.errors import UserError
from groupseg.networks.probabilities import Probabilities, logits
from groupseg.segments.gather import Gathered
from groupseg.segments.overlay import Map, compact
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary

if TYPE_CHECKING:  # arrays alone need none of it
    from torch import Tensor


def build_score_table(
    scores: "Callable[[Sample], Tensor]",
    samples: Iterable[Sample],
    classes: Sequence[str],
    with_background: bool,
    protocol: Mapping[str, str],
    keep_map: Callable[[str, Map], None],
    steps: int,
) -> SegmentTable:
    """Scores the pixels of labelled images; what it takes besides is that of `groupseg.segments.build.build_table`.

    Args:
        scores: From a labelled image to probabilities: [C, H, W], or [1 + C, H, W] where the background has
            scores, which come first. They need not add up to 1.
        samples: Labelled images; read once, in order.
        classes: Names without background.
        with_background: Whether label 0 is a label of the data set.
        protocol: What made the table; it says what the "scores" are.
        keep_map: Called with the key and the segment map of each image, in order.
        steps: How finely probabilities are told apart.

    Raises:
        UserError: If there is no image, or the scores of one have another shape or are no probabilities.
    """
    gathered, whole = Gathered(classes), []
    # Logits of all images would fill the memory.
    with TemporaryFile() as file:
        for sample in samples:
            own = _checked_planes(scores(sample).cpu().numpy(), len(classes), sample)
            segments, mean = pixel_segments(own, steps, with_background=len(own) > len(classes))
            keep_map(sample.key, segments)
            area = gathered.add(sample.key, segments, sample.mask, len(mean), sample.image)
            of_segments, of_image = described(mean, area, len(classes))
            file.write(of_segments.tobytes())
            whole.append(of_image)
        columns = gathered.columns(protocol)
        file.flush()
        shape = (len(columns["area"]), len(whole[0]))
        embedding = np.memmap(file, np.float32, "r", shape=shape)  # outlives the name of the file, which is gone
    return score_table(columns, embedding, np.stack(whole), with_background, protocol)


def score_table(
    columns: Mapping[str, Any],
    embedding: NDArray[np.float32],
    image_embedding: NDArray[np.float32],
    with_background: bool,
    protocol: Mapping[str, str],
) -> SegmentTable:
    """Makes the table of segments that have logits for embeddings; `columns` are those of `Gathered`."""
    width = embedding.shape[1]
    return SegmentTable(
        **columns,
        embedding=embedding,
        image_embedding=image_embedding,
        text_mean=np.zeros(width, dtype=np.float32),
        scale=1.0,
        background=np.eye(width, dtype=np.float32)[len(columns["classes"]) :],
        with_background=with_background,
        protocol=dict(protocol),
    )


def score_vocabulary(table: SegmentTable) -> Vocabulary:
    """Makes the vocabulary of a table of scores: unit vectors, and no words beyond the names."""
    classes = table.classes
    text = np.eye(len(classes), len(table.text_mean), dtype=np.float32)
    return Vocabulary(classes=tuple(classes), words=tuple(classes), text=text, ensemble=text[None], lists={})


def pixel_segments(
    probabilities: NDArray[np.floating], steps: int, with_background: bool = False
) -> tuple[Map, Probabilities]:
    """Puts the pixels of an image together that share a best class and a step of its probability.

    Args:
        probabilities: [C, H, W], or [1 + C, H, W], the background first.
        steps: How many steps there are in 0..1.
        with_background: Whether the first is the background; then pixels also share whether it is above all classes,
            or as high.

    Returns:
        int [H, W], segments 0..G-1 by class and then by probability, each with a pixel; and the mean of the pixels of
        each, [G, C] or [G, 1 + C]. Its best class is theirs, for it is the best of every one of them, and so is what
        lies above it.
    """
    planes, *size = probabilities.shape
    pixels = probabilities.reshape(planes, -1)
    classes = pixels[1:] if with_background else pixels
    top = classes.max(axis=0)
    step = np.minimum((top.astype(np.float64) * steps).astype(np.intp), steps - 1)
    codes, bound = classes.argmax(axis=0) * steps + step, len(classes) * steps
    if with_background:
        codes, bound = 2 * codes + (pixels[0] >= top), 2 * bound
    segments, kept = compact(codes, bound)
    area = np.bincount(segments, minlength=len(kept))
    sums = np.stack([np.bincount(segments, weights=row, minlength=len(kept)) for row in pixels], axis=1)
    return segments.reshape(size), sums / area[:, None]


def described(
    mean: Probabilities, area: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turns what `pixel_segments` says of the segments of an image into logits.

    Args:
        mean: [G, C] or [G, 1 + C], probabilities of each segment.
        area: [G], its pixels.
        classes: How many classes there are.

    Returns:
        Those of the segments, [G, K], and of all pixels of the image, [K]. Where the background has scores, they are
        the last of the K.
    """
    ordered = np.roll(mean, classes - mean.shape[1], axis=1)
    # The mean over the pixels of an image, from that over its segments.
    return logits(ordered), logits(area @ ordered / area.sum())


def _checked_planes(scores: NDArray[np.floating], classes: int, sample: Sample) -> NDArray[np.floating]:
    """Returns the scores of an image if they are probabilities of so many classes, with or without the background."""
    size = sample.image.shape[:2]
    if scores.shape not in {(classes, *size), (1 + classes, *size)}:
        raise UserError(
            f"image {sample.key!r}: expected scores of shape {(classes, *size)}, or {(1 + classes, *size)} with "
            f"those of the background first, but got {scores.shape}. Mend what makes them."
        )
    if not (scores.min() >= 0 and scores.max() <= 1 + 1e-4):  # also where one is no number
        raise UserError(
            f"image {sample.key!r}: its scores must be probabilities in 0..1, but lie in {scores.min():.3g}.."
            f"{scores.max():.3g}. Mend the weights of the model, or what else makes them."
        )
    return scores
