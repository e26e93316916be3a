"""What is counted: segments that have embeddings; but pixels, or their images, where pixels have scores.

Which pixels share a segment of scores is a matter of how finely scores are told apart, so that nothing may count those.
"""

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels
from groupseg.segments.table import SegmentTable
from groupseg.strategies.scores import Scores


def support(label: Labels, table: SegmentTable, among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Counts what the thresholds of each class rest on, [C].

    Args:
        label: [S], the candidate of each segment, in 1..C.
        table: The segments.
        among: [S], which of them count.

    Returns:
        How many segments have the class as candidate; of pixels, how many images have it, for pixels of one image are
        alike.
    """
    label = label[among]
    if table.kind == "scores":
        label = np.unique(np.stack([table.image[among], label]), axis=1)[1]
    return np.bincount(label, minlength=len(table.classes) + 1)[1:]


def score_spread(score: Scores, table: SegmentTable) -> float:
    """Returns the standard deviation of a score, [S], over segments or pixels; 0 where there are none."""
    if not len(score):
        return 0.0
    if table.kind == "embeddings":
        return float(score.std())
    mean = np.average(score, weights=table.units)
    return float(np.sqrt(np.average((score - mean) ** 2, weights=table.units)))
