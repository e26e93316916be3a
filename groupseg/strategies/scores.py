"""Scores of segments against class texts, and the best class of each segment.

Where images are read through windows, a score is computed in each window and then averaged over those that are over the
segment, as the release of GroupViT does. Scores of all segments and classes fill the memory: they are asked of a block
(`groupseg.segments.blocks`) at a time, but for `best_class`, which goes through the blocks itself.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels
from groupseg.errors import UserError
from groupseg.segments.blocks import in_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary

Scores = NDArray[np.float64]
ScoreName = Literal["cosine", "softmax", "product", "normalised", "probability"]


def cosine(table: SegmentTable, vocabulary: Vocabulary) -> Scores:
    """Cosine similarity; the mean of those of the windows, since an embedding is the mean of theirs.

    Args:
        table: The segments.
        vocabulary: The C classes.

    Returns:
        [S, C] float64 in -1..1.
    """
    return table.embedding[:].astype(np.float64) @ vocabulary.text.astype(np.float64).T


def image_cosine(table: SegmentTable, vocabulary: Vocabulary) -> Scores:
    """Cosine similarity of whole images and classes; arguments as in `cosine`.

    Returns:
        [N, C] float64 in -1..1.

    Raises:
        UserError: If one is not finite.
    """
    scores = table.image_embedding.astype(np.float64) @ vocabulary.text.astype(np.float64).T
    return finite(scores, "image", table, np.arange(len(table.keys)))


def softmax(table: SegmentTable, vocabulary: Vocabulary, scale: float | None = None) -> Scores:
    """Softmax over the classes of the scaled cosine; arguments as in `cosine`, and another scale than the model's.

    Returns:
        [S, C] float64 in 0..1, rows sum to 1.
    """
    logits = (table.scale if scale is None else scale) * cosine(table.windows(), vocabulary)
    return table.average(softmax_rows(logits))


def product(table: SegmentTable, vocabulary: Vocabulary, top: int = 5) -> Scores:
    """Score of the GroupViT release (`segmentation/evaluation/group_vit_seg.py`); arguments as in `cosine`.

    The softmax over all classes times the softmax over those `top` classes alone that the embedding of the
    whole image is nearest to; of each window, where there are windows.

    Returns:
        [S, C] float64 in 0..1, 0 for classes that are not among the `top` of the image, or of any window.
    """
    windows = table.windows()
    logits = table.scale * cosine(windows, vocabulary)
    nearness = image_cosine(windows, vocabulary)
    nearest = np.argsort(-nearness, axis=1, kind="stable")[:, :top]
    kept = np.zeros(nearness.shape, dtype=bool)
    np.put_along_axis(kept, nearest, True, axis=1)
    return table.average(softmax_rows(logits) * softmax_rows(np.where(kept[windows.image], logits, -np.inf)))


def normalised(table: SegmentTable, vocabulary: Vocabulary) -> Scores:
    """How far a class stands above the mean of all, in nats; arguments as in `cosine`.

    The logarithm of C times the softmax over C classes. A softmax shrinks by itself as classes are added, since it
    shares 1 among them; times C, that part is gone, and a constant means the same for any number of classes.

    Returns:
        [S, C] float64, at most log C.
    """
    from scipy.special import logsumexp  # which every process would load with this file, and this score alone needs

    logits = table.scale * cosine(table.windows(), vocabulary)
    return table.average(logits - logsumexp(logits, axis=1, keepdims=True) + np.log(logits.shape[1]))


def probability(table: SegmentTable, vocabulary: Vocabulary) -> Scores:
    """What a method itself says of a class; arguments as in `cosine`.

    The probability of the class as the method has it, among all its words and those of the background. Where the
    background is above it, or as high, how far: 0 or less, so that any threshold above 0 leaves the segment to it.

    Returns:
        [S, C] float64 in -1..1.

    Raises:
        UserError: If segments are described by embeddings.
    """
    if table.kind != "scores":
        raise UserError("Score `probability` is what a method says of every pixel, but here segments have embeddings.")
    own = np.exp(cosine(table, vocabulary))
    if not len(table.background):
        return own
    background = np.exp(table.embedding[:].astype(np.float64) @ table.background[0].astype(np.float64))[:, None]
    return np.where(own > background, own, own - background)


# Those of any segments; `probability` is for segments that have scores.
SCORES: dict[str, Callable[[SegmentTable, Vocabulary], Scores]] = {
    "cosine": cosine,
    "softmax": softmax,
    "product": product,
    "normalised": normalised,
}
_ALL = {**SCORES, "probability": probability}


def checked_scores(score: str, table: SegmentTable, vocabulary: Vocabulary) -> Scores:
    """Computes the scores named `score`, and checks what goes in and what comes out.

    Args:
        score: A key of `SCORES`, or "probability".
        table: The segments.
        vocabulary: The C classes.

    Returns:
        [S, C] float64, finite.

    Raises:
        UserError: If there is not one text for each class of the table, a score is not finite, or segments have none.
    """
    check_texts(table, vocabulary)
    return finite(_ALL[score](table, vocabulary), score, table)


def check_texts(table: SegmentTable, vocabulary: Vocabulary) -> None:
    """Raises UserError if there is not one text for each class of the table."""
    expected = (len(table.classes), len(table.text_mean))
    if vocabulary.text.shape != expected:
        raise UserError(
            f"Expected class texts of shape {expected} (classes, width), but got {vocabulary.text.shape}. Embed the "
            "class names of this data set with the encoder of this model."
        )


def finite(scores: Scores, name: str, table: SegmentTable, image: NDArray[np.integer] | None = None) -> Scores:
    """Returns scores where all are finite.

    Args:
        scores: [S, ...], one row for each segment, or for each row of `image`.
        name: What they are called.
        table: Whose segments they are of.
        image: Rows of images, if the scores are not those of its segments.

    Raises:
        UserError: If one is not finite.
    """
    broken = np.flatnonzero(~np.isfinite(scores).all(axis=tuple(range(1, scores.ndim))))
    if broken.size:
        key = table.keys[(table.image if image is None else image)[broken[0]]]
        raise UserError(
            f"Expected finite {name} scores, but got {scores[broken[0]].max()} in image {key!r}. Check the embeddings "
            "of the model and of the class texts."
        )
    return scores


def best_class(score: str, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
    """Finds the best class of each segment, [S] int32 in 1..C, and its score, [S] float64.

    Arguments and errors as in `checked_scores`.
    """
    return in_blocks(lambda block: highest_class(checked_scores(score, block, vocabulary)), table)


def highest_class(scores: Scores) -> tuple[Labels, Scores]:
    """Finds the best class of each segment, [S] int32 in 1..C, and its score, [S], from the scores [S, C]."""
    return scores.argmax(axis=1).astype(np.int32) + 1, scores.max(axis=1)


def softmax_rows(logits: Scores) -> Scores:
    """Softmax over the last axis."""
    shares: Scores = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def image_max(score: Scores, table: SegmentTable) -> Scores:
    """Highest of the scores [S] in each image, [N] float64; -inf where an image has no segment."""
    highest = np.full(len(table.keys), -np.inf)
    np.maximum.at(highest, table.image, score)
    return highest
