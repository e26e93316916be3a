"""What pulls segments toward the words of captions, with no mask in sight.

The multi-positive form follows the multi-label loss of GroupViT (section 3.2); pooling over segments by softmax is
attention pooling of multiple-instance learning (arXiv 1802.04712).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

_POOLING = 10.0


def contrast(scores: Tensor, positive: Tensor) -> Tensor:
    """InfoNCE in both directions where a row or column may have several positives.

    Each positive pair stands against the negatives of its row (column) alone: the other positives are left out of its
    denominator.

    Args:
        scores: Scaled similarities, float [M, N].
        positive: Which pairs belong together, bool [M, N].

    Returns:
        The mean over positive pairs and both directions, a scalar >= 0; 0 where there is no pair.
    """
    negatives = scores.masked_fill(positive, float("-inf"))
    rows = F.softplus(negatives.logsumexp(dim=1, keepdim=True) - scores)
    columns = F.softplus(negatives.logsumexp(dim=0, keepdim=True) - scores)
    pairs = positive.sum().clamp(min=1)
    return torch.where(positive, rows + columns, 0.0).sum() / (2 * pairs)


def similarity(texts: Tensor, segments: Tensor) -> Tensor:
    """Dot products of texts, float [N, D], and segments, float [B, G, D]: float [N, B, G]."""
    # In this order it is one product of two matrices, and what follows runs over neighbours in memory.
    return (texts @ segments.flatten(0, 1).T).view(-1, *segments.shape[:2])


def pooling(cosine: Tensor, occupied: Tensor | None) -> Tensor:
    """How much each segment speaks for the image on each text: softmax_k(10 cos_k), float [N, B, G]."""
    sharp = _POOLING * cosine
    if occupied is not None:
        sharp = sharp.masked_fill(~occupied, float("-inf"))
    return sharp.softmax(dim=2)


def pooled_similarity(segments: Tensor, texts: Tensor, occupied: Tensor | None = None) -> Tensor:
    """How well an image shows a text, by the segments that show it best: sum_k softmax_k(10 cos_k) cos_k.

    Args:
        segments: float [B, G, D], L2-normalised.
        texts: float [N, D], L2-normalised.
        occupied: bool [B, G]; the others are left out. None: all count.

    Returns:
        float [B, N] in [-1, 1].
    """
    cosine = similarity(texts, segments)
    return (pooling(cosine, occupied) * cosine).sum(dim=2).T
