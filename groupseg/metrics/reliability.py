"""Whether a score means what it says: of the pixels that score 0.8, are 80 % right?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Floats, Integers
from groupseg.metrics.confusion import hits


@dataclass(frozen=True, eq=False)
class Reliability:
    """Scores and what they are worth, by bins of equal width over 0..1, all of shape [bins].

    Attributes:
        low: Lower end of each bin, itself outside (but for 0).
        high: Upper end, itself inside.
        segments: Segments whose score lies in the bin.
        pixels: Their labelled pixels.
        confidence: Mean score of these pixels, 0..1; NaN where there is none.
        accuracy: Share of these pixels that have the label, 0..1; NaN where there is none.
    """

    low: Floats
    high: Floats
    segments: Integers
    pixels: Integers
    confidence: Floats
    accuracy: Floats


def reliability(label: ArrayLike, score: ArrayLike, histogram: csr_array, bins: int = 10) -> Reliability:
    """Compares scores with the share of right pixels (reliability diagram, DeGroot & Fienberg 1983).

    The same as `sklearn.calibration.calibration_curve` on single pixels, which each have the score of their segment.

    Args:
        label: [S] int, a class for each segment.
        score: [S] float in 0..1, how sure it is.
        histogram: [S, C + 1] int64, pixels of each true label under each segment.
        bins: Number of bins.

    Raises:
        ValueError: If a score lies outside 0..1.
    """
    score = np.asarray(score, dtype=np.float64)
    if not np.all((score >= 0) & (score <= 1)):
        raise ValueError(f"Expected `score` in 0..1, but got {score.min()}..{score.max()}.")
    edges = np.linspace(0, 1, bins + 1)
    row = np.searchsorted(edges[1:-1], score)
    size = histogram.sum(axis=1)

    def summed(weights: NDArray[Any]) -> Floats:
        return np.bincount(row, weights=weights, minlength=bins).astype(np.float64)

    pixels = summed(size)

    def mean(weights: NDArray[Any]) -> Floats:
        """Mean over the pixels of each bin."""
        return np.asarray(np.divide(summed(weights), pixels, out=np.full(bins, np.nan), where=pixels > 0))

    return Reliability(
        low=edges[:-1],
        high=edges[1:],
        segments=np.bincount(row, minlength=bins),
        pixels=pixels.astype(np.int64),
        confidence=mean(size * score),
        accuracy=mean(hits(histogram, label)),
    )
