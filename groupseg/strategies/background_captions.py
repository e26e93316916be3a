"""The model itself says what is background: captions have taught it what none of their words are about."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores, best_class, finite
from groupseg.strategies.zero_threshold import ZeroThreshold


@dataclass(kw_only=True)
class BackgroundCaptions(ZeroThreshold):
    """Best class where its logit reaches that of the background the model has learned, else background.

    The score is how far the logit of the best class is above the highest of the background vectors, both times
    the logit scale. No mask has been seen: without calibration, 0 is where the model draws the line. A model that has
    learned no such vector calls nothing background, and the record says so where there is any.

    Args:
        rule: "background_captions".
        calibrated: Whether to calibrate the threshold; else it is 0.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["background_captions"] = "background_captions"

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds the best threshold, and keeps it if it is wanted; see `Strategy`."""
        super().fit(table, vocabulary)
        if not len(table.background):
            self.keep_zero(table, vocabulary)
            said = "The model has learned no background: nothing is called background."
            self.warnings = [said] if table.with_background else []
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its lead in logits, [S] float64.

        The lead is 0 where the model has learned no background.

        Raises:
            UserError: If a score is not finite.
        """
        label, score = best_class("cosine", table, vocabulary)
        if not len(table.background):
            return label, np.zeros_like(score)
        background = (table.embedding[:].astype(np.float64) @ table.background.T).max(axis=1)
        return label, finite(table.scale * (score - background), self.rule, table)
