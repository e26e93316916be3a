"""Intervals of figures that were measured on a sample of images, for a few seeds of training.

Both are samples: of all images there could be, and of all trainings there could be. Images are many, and have the
bootstrap (`bootstrap.py`). Trainings are two or three, too few for one: a bootstrap draws three seeds in 27 ways, and
what it gives as a 95 % interval holds the truth in two cases of three. The error of a mean over seeds is thus
taken from Student's distribution, which is exact where seeds spread normally. The two parts of an interval are put
together by squares, each side by itself (MOVER: Zou & Donner 2008, doi 10.1002/sim.3095).

All seeds are judged on the same images, so that their errors over images are alike and do not average out: the mean
over seeds reaches as far over images as a single training does. Where these errors are not equal that is too wide.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Spread:
    """How seeds spread.

    Attributes:
        deviation: Standard deviation of one training from the mean of its kind.
        freedom: Degrees of freedom of that deviation; 0 where no kind has two trainings, and nothing is known of it.
    """

    deviation: float
    freedom: int


def spread_within(kinds: Iterable[Sequence[float]]) -> Spread:
    """Pools the spread of seeds within kinds of training, as a one-way analysis of variance does.

    Args:
        kinds: The figures of the seeds of each kind; one alone says nothing of the spread.
    """
    values = [np.asarray(kind, dtype=np.float64) for kind in kinds if len(kind)]
    freedom = sum(len(kind) - 1 for kind in values)
    squares = sum(float(((kind - kind.mean()) ** 2).sum()) for kind in values)
    return Spread(math.sqrt(squares / freedom) if freedom else 0.0, freedom)


def reach(images: float, spread: Spread, share: float, level: float = 0.95) -> float:
    """Says how far an interval reaches from the figure to one side.

    Args:
        images: How far the interval over images alone reaches to this side, at the same level.
        spread: How seeds spread.
        share: Variance of the figure in units of that of one training: 1 / n for a mean over n seeds, 1 / n + 1 / m for
            the difference of two such means.
        level: Share of the samples whose interval is to hold the truth, in 0..1.

    Returns:
        `images` where nothing is known of the spread.
    """
    if spread.freedom == 0:
        return images
    quantile = float(stats.t.ppf((1 + level) / 2, spread.freedom))
    return math.hypot(images, quantile * spread.deviation * math.sqrt(share))
