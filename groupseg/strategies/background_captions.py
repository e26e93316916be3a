"""The model itself says what is background: captions have taught it what none of their words are about."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupseg.errors import UserError
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.natural import Natural
from groupseg.strategies.scores import Labels, Scores, best_class, finite


@dataclass(kw_only=True)
class BackgroundCaptions(Natural):
    """Best class where its logit reaches that of the background the model has learned, else background.

    The score is how far the logit of the best class is above the highest of the background vectors, both times
    the logit scale. No mask has been seen: without calibration, 0 is where the model draws the line.

    Args:
        rule: "background_captions".
        calibrated: Whether to calibrate the threshold; else it is 0.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["background_captions"] = "background_captions"

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its lead in logits, [S] float64.

        Raises:
            UserError: If the model has learned no background, or a score is not finite.
        """
        if not len(table.background):
            raise UserError(
                "Expected segments of a model with background vectors, but this model has 0. Train one whose "
                "architecture has `background` above 0, or leave out rule 'background_captions'."
            )
        label, score = best_class("cosine", table, vocabulary)
        background = (table.embedding.astype(np.float64) @ table.background.T).max(axis=1)
        return label, finite(table.scale * (score - background), self.rule)
