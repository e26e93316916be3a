"""Logits adjusted by how often the model thinks it sees each class."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.blocks import blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores, checked_scores, highest_class
from groupseg.strategies.tuned import Tuned

# Weights of the prior; 0 leaves the logits as they are.
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0)


@dataclass(kw_only=True)
class Prior(Tuned):
    """The highest of the logits scale * cosine - tau * log(prior), where it reaches the best threshold.

    Post-hoc logit adjustment (Menon et al. 2021, arXiv 2007.07314). The prior of a class is its mean
    softmax over the calibration segments, or over their pixels where those have scores: it needs no label, and finds
    classes that the texts favour as well as ones that are frequent. tau is the setting.

    Args:
        rule: "prior".

    Attributes:
        log_prior: [C], natural logarithm of the prior.

    Raises:
        UserError: If `rule` is another one.
    """

    GRID: ClassVar[tuple[float, ...]] = WEIGHTS

    rule: Literal["prior"] = "prior"

    log_prior: list[float] = field(init=False, repr=False, compare=False)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Estimates the prior, then finds its weight and the threshold; see `Strategy`."""
        sums = [
            (block.units[:, None] * checked_scores("softmax", block, vocabulary)).sum(axis=0) for block in blocks(table)
        ]
        mean = np.sum(sums, axis=0) / max(int(table.units.sum()), 1)
        self.log_prior = np.log(np.maximum(mean, 1e-12)).tolist()
        return super().fit(table, vocabulary)

    def candidates_at(self, setting: float, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the class of the highest adjusted logit, [S] int32 in 1..C, and that logit, [S] float64."""
        logits = table.scale * checked_scores("cosine", table, vocabulary) - setting * np.array(self.log_prior)
        return highest_class(logits)
