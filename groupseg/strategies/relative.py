"""A threshold on scores relative to the other segments of the image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import ScoreName, Scores, best_class, image_max
from groupseg.strategies.single_threshold import SingleThreshold


@dataclass(kw_only=True)
class Relative(SingleThreshold):
    """Best class where its score stands out in the image, else background.

    Args:
        rule: "relative".
        by: "max": the score as a share of the highest in the image; "mean_std": how many standard deviations
            the score is above the mean of the image (as SimSeg, Yi et al. 2023, chooses the classes of an
            image); "quantile": the share of the segments of the image that score no higher, itself included (the
            conformal p-value of the segment among those of its image, Vovk et al. 2005, chapter 2), so that
            the same share of the segments of each image is background, whatever they score. Where pixels have
            scores, mean, deviation and share are those of the pixels of the image.
        score: A key of `SCORES`.

    Raises:
        UserError: If a parameter is none of the values it can have.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> rule = groupseg.Relative(by="max", score="softmax").fit(scored.table, scored.vocabulary)
        >>> round(rule.threshold, 3)  # a share of the highest score in the image
        0.75
    """

    rule: Literal["relative"] = "relative"
    by: Literal["max", "mean_std", "quantile"] = "max"
    score: ScoreName = "product"

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its relative score, [S] float64."""
        label, score = best_class(self.score, table, vocabulary)
        return label, RELATIVE[self.by](score, table)


def _share_of_max(score: Scores, table: SegmentTable) -> Scores:
    """Score over the highest score of the image, [S].

    Written as a distance from 1, so that the best segment has 1 and worse ones less even where a cosine is
    negative.
    """
    highest = image_max(score, table)[table.image]
    return 1 - (highest - score) / np.maximum(np.abs(highest), 1e-12)


def _deviations(score: Scores, table: SegmentTable) -> Scores:
    """Standard deviations above the mean of the image, [S]; 0 where the whole image scores the same."""
    units = table.units
    count = np.maximum(np.bincount(table.image, units, len(table.keys)), 1)
    offset = score - (np.bincount(table.image, units * score, len(table.keys)) / count)[table.image]
    spread = np.sqrt(np.bincount(table.image, units * offset**2, len(table.keys)) / count)[table.image]
    # Below this, what looks like a spread is rounding.
    return np.where(spread > 1e-12, offset / np.maximum(spread, 1e-12), 0.0)


def _quantile(score: Scores, table: SegmentTable) -> Scores:
    """Share of the segments or pixels of the image that score no higher, [S] in 1 / number of them .. 1."""
    # What differs by rounding alone is equal: it must not become a rank.
    level = np.unique(score.round(12), return_inverse=True)[1]
    # Segments lie image by image, and so do their ranks by image, then by score.
    place = table.image.astype(np.int64) * len(score) + level
    order = np.argsort(place)
    upto = np.cumsum(table.units[order])[np.searchsorted(place[order], place, side="right") - 1]
    count = np.bincount(table.image, table.units, len(table.keys)).astype(np.int64)
    return np.asarray((upto - (np.cumsum(count) - count)[table.image]) / count[table.image])


RELATIVE: dict[str, Callable[[Scores, SegmentTable], Scores]] = {
    "max": _share_of_max,
    "mean_std": _deviations,
    "quantile": _quantile,
}
