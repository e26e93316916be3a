"""Probabilities from scores: the best fit that never falls as the score rises."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from groupseg.strategies.scores import Scores


@dataclass(frozen=True, eq=False)
class Isotonic:
    """A probability for every score, linear between knots and constant beyond them.

    Attributes:
        score: [K] float64, ascending, at least one.
        probability: [K] float64 in 0..1, non-decreasing.
    """

    score: Scores
    probability: Scores

    @classmethod
    def fit(cls, score: Scores, hits: ArrayLike, pixels: ArrayLike) -> Self:
        """Finds the non-decreasing probabilities of least squared error over pixels.

        The same as `sklearn.isotonic.IsotonicRegression` with pixels as samples. Knots are rounded, so that a record
        is short and says exactly what was used.

        Args:
            score: [S], score of each segment.
            hits: [S], its right pixels.
            pixels: [S], all its labelled pixels; segments without any count for nothing.
        """
        from scipy.optimize import isotonic_regression  # slow to import, and wanted here alone

        pixels = np.asarray(pixels, dtype=np.float64)
        labelled = pixels > 0
        if not labelled.any():
            return cls(np.zeros(1), np.zeros(1))
        distinct, row = np.unique(score[labelled], return_inverse=True)
        weights = np.bincount(row, pixels[labelled])
        shares = np.bincount(row, np.asarray(hits, dtype=np.float64)[labelled]) / weights
        found = isotonic_regression(shares, weights=weights)
        levels = np.asarray(found.x, dtype=np.float64)
        # Between the ends of a block the fit is flat.
        kept = np.unique(np.append(found.blocks[:-1], found.blocks[1:] - 1))
        return cls(np.round(distinct[kept], 6), levels[kept].clip(0, 1).round(5))

    def __call__(self, score: Scores) -> Scores:
        """Computes probabilities, [S] float64 in 0..1, of scores [S]."""
        return np.interp(score, self.score, self.probability)
