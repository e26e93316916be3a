"""Intersection over union: ratios of pixel sums over all images, never means of per-image ratios."""

import numpy as np
from numpy.typing import ArrayLike

from groupseg.array_types import Floats
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.segments.table import SegmentTable


def iou(counts: Counts) -> Floats:
    """Intersection over union of each label.

    Args:
        counts: Counts of shape [..., C + 1].

    Returns:
        [..., C + 1] float64 in 0..1; NaN where the label neither occurs nor is predicted.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> counts = groupseg.Counts(tp=np.array([8, 1, 0]), predicted=np.array([10, 1, 0]), truth=np.array([8, 3, 0]))
        >>> groupseg.iou(counts)
        array([0.8       , 0.33333333,        nan])
    """
    union = counts.predicted + counts.truth - counts.tp
    values: Floats = np.full(union.shape, np.nan)
    np.divide(counts.tp, union, out=values, where=union > 0)
    return values


def mean_iou(counts: Counts) -> Floats:
    """Mean of `iou` over the labels that occur in truth or prediction.

    The same as `torchmetrics.classification.MulticlassJaccardIndex(C + 1, average="macro",
    ignore_index=255)`.

    Args:
        counts: Counts of shape [..., C + 1].

    Returns:
        [...] float64 in 0..1; NaN where there is no labelled pixel.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> counts = groupseg.Counts(tp=np.array([8, 1, 0]), predicted=np.array([10, 1, 0]), truth=np.array([8, 3, 0]))
        >>> float(groupseg.mean_iou(counts))  # of 0.8 and 1/3: the third label does not occur
        0.5666666666666667
    """
    return _mean(iou(counts))


def labelling_miou(table: SegmentTable, labels: ArrayLike) -> float:
    """The `mean_iou` of labels of segments, [S] int in 0..C, over all images of a table."""
    return float(mean_iou(image_counts(table, labels).total()))


def held_mean_iou(counts: Counts) -> Floats:
    """Mean of `iou` over the labels that occur in truth, whatever is predicted.

    Args:
        counts: Counts of shape [..., C + 1].

    Returns:
        [...] float64 in 0..1; NaN where there is no labelled pixel.
    """
    return _mean(np.where(counts.truth > 0, iou(counts), np.nan))


def iou_summary(counts: Counts) -> dict[str, float]:
    """The headline figures, as fractions.

    Args:
        counts: Counts of shape [N, C + 1], one row per image.

    Returns:
        "miou", "background_iou", "foreground_miou", "pixel_accuracy"; NaN where a figure is not defined.
    """
    total = counts.total()
    labels = iou(total)
    labelled = int(total.truth.sum())
    return {
        "miou": float(_mean(labels)),
        "background_iou": float(labels[0]),
        "foreground_miou": float(_mean(labels[1:])),
        "pixel_accuracy": int(total.tp.sum()) / labelled if labelled else float("nan"),
    }


def _mean(values: Floats) -> Floats:
    """Like nanmean over the last axis, but silent where all is NaN."""
    occurs = np.count_nonzero(~np.isnan(values), axis=-1)
    return np.asarray(np.where(occurs > 0, np.nansum(values, axis=-1) / np.maximum(occurs, 1), np.nan))
