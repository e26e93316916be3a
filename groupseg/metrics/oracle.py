"""What the same masks would be worth with the best labels. Uses the truth: a bound, never a strategy."""

import numpy as np
from numpy.typing import NDArray

from groupseg.metrics.confusion import entries, image_counts
from groupseg.segments.blocks import in_blocks
from groupseg.segments.table import SegmentTable


def label_oracle(table: SegmentTable) -> NDArray[np.int32]:
    """Gives each segment the label whose true mask in its image it overlaps best.

    This is the oracle of GroupViT (Xu et al. 2022, Table C.3). The overlap is the IoU of segment and mask
    over labelled pixels. Background is a label like the others; of labels that overlap alike the lowest is
    taken; a segment without a labelled pixel is background.

    Args:
        table: The segments.

    Returns:
        [S] int32, labels in 0..C.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> groupseg.label_oracle(scored.table)
        array([0, 1, 1, 2], dtype=int32)
    """
    return in_blocks(_block_oracle, table)


def _block_oracle(table: SegmentTable) -> NDArray[np.int32]:
    labels = np.zeros(len(table.image), dtype=np.int32)
    truth = image_counts(table, labels).truth
    segment, label, pixels = entries(table.histogram)
    union = table.histogram.sum(axis=1)[segment] + truth[table.image[segment], label] - pixels
    overlap = pixels / np.maximum(union, 1)
    # Worst first and highest label first: of the entries of a segment, the last to be written is the best.
    order = np.lexsort((-label, overlap))
    order = order[pixels[order] > 0]
    labels[segment[order]] = label[order]
    return labels
