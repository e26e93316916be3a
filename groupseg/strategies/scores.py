"""Scores of segments against class texts, and the best class of each segment."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from groupseg.errors import UserError
from groupseg.segments.table import SegmentTable

Text = NDArray[np.float32]
Labels = NDArray[np.int32]
Scores = NDArray[np.float64]
ScoreName = Literal["cosine", "softmax", "product"]


def cosine(table: SegmentTable, text: Text) -> Scores:
    """Cosine similarity.

    Args:
        table: The segments.
        text: [C, D], projected class texts, L2-normalised.

    Returns:
        [S, C] float64 in -1..1.
    """
    return table.embedding.astype(np.float64) @ text.astype(np.float64).T


def softmax(table: SegmentTable, text: Text) -> Scores:
    """Softmax over the classes of the scaled cosine; arguments as in `cosine`.

    Returns:
        [S, C] float64 in 0..1, rows sum to 1.
    """
    return _softmax(table.scale * cosine(table, text))


def product(table: SegmentTable, text: Text, top: int = 5) -> Scores:
    """Score of the GroupViT release (`segmentation/evaluation/group_vit_seg.py`); arguments as in `cosine`.

    The softmax over all classes times the softmax over those `top` classes alone that the embedding of the
    whole image is nearest to.

    Returns:
        [S, C] float64 in 0..1, 0 for classes that are not among the `top` of the image.
    """
    logits = table.scale * cosine(table, text)
    nearness = table.image_embedding.astype(np.float64) @ text.astype(np.float64).T
    nearest = np.argsort(-nearness, axis=1, kind="stable")[:, :top]
    kept = np.zeros(nearness.shape, dtype=bool)
    np.put_along_axis(kept, nearest, True, axis=1)
    return _softmax(logits) * _softmax(np.where(kept[table.image], logits, -np.inf))


SCORES: dict[str, Callable[[SegmentTable, Text], Scores]] = {
    "cosine": cosine,
    "softmax": softmax,
    "product": product,
}


def checked_scores(score: str, table: SegmentTable, text: Text) -> Scores:
    """Computes the scores named `score`, and checks what goes in and what comes out.

    Args:
        score: A key of `SCORES`.
        table: The segments.
        text: [C, D], projected class texts, L2-normalised.

    Returns:
        [S, C] float64, finite.

    Raises:
        UserError: If there is not one text for each class of the table, or a score is not finite.
    """
    expected = (len(table.classes), len(table.text_mean))
    if text.shape != expected:
        raise UserError(
            f"Expected class texts of shape {expected} (classes, width), but got {text.shape}. Embed the "
            "class names of this data set with the encoder of this model."
        )
    scores = SCORES[score](table, text)
    broken = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if broken.size:
        raise UserError(
            f"Expected finite {score} scores, but got {scores[broken[0]].max()} for segment {broken[0]}, and "
            f"{broken.size} such in all. Check the embeddings of the model and of the class texts."
        )
    return scores


def best_class(score: str, table: SegmentTable, text: Text) -> tuple[Labels, Scores]:
    """Finds the best class of each segment, [S] int32 in 1..C, and its score, [S] float64.

    Arguments and errors as in `checked_scores`.
    """
    scores = checked_scores(score, table, text)
    return scores.argmax(axis=1).astype(np.int32) + 1, scores.max(axis=1)


def _softmax(logits: Scores) -> Scores:
    """Softmax over the last axis."""
    shares: Scores = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares
