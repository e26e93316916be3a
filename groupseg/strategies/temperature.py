"""A softmax whose temperature is chosen for the background decision."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores, checked_scores, softmax
from groupseg.strategies.tuned import Tuned

# Factors on the cosine. At the low end the softmax tells as much as the cosine less its mean over the classes; at
# the high end nearly all segments score 1.
TEMPERATURES = tuple(np.geomspace(0.1, 1000, 13).round(3).tolist())


@dataclass(kw_only=True)
class Temperature(Tuned):
    """Best class where the softmax of temperature * cosine reaches the best threshold, else background.

    Temperature scaling (Guo et al. 2017, section 4.2, whose temperature is the inverse of this factor), but for the
    highest mIoU: the scale that a model has learned tells captions apart, not objects from background. The best class
    is that of the highest cosine at any temperature; it is the order of the segments that changes. The factor is the
    setting.

    Args:
        rule: "temperature".

    Raises:
        UserError: If `rule` is another one.
    """

    GRID: ClassVar[tuple[float, ...]] = TEMPERATURES

    rule: Literal["temperature"] = "temperature"

    def candidates_at(self, setting: float, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its share in the softmax, [S] in 0..1."""
        label = checked_scores("cosine", table, vocabulary).argmax(axis=1)
        return label.astype(np.int32) + 1, softmax(table, vocabulary, scale=setting)[np.arange(len(label)), label]
