"""What each class loses its points to, and which mix-ups cost most."""

from dataclasses import dataclass

import numpy as np

from groupseg.array_types import Floats, Integers
from groupseg.metrics.confusion import Counts
from groupseg.metrics.iou import iou, mean_iou


@dataclass(frozen=True)
class Confusion:
    """Pixels of one label that are predicted as another.

    Attributes:
        truth: Their label, 0..C.
        predicted: What they are called.
        pixels: How many they are.
        share_of_truth: Their share of all pixels of their label, 0..1.
        miou_gain: What mIoU would gain if exactly these pixels were right.
    """

    truth: int
    predicted: int
    pixels: int
    share_of_truth: float
    miou_gain: float


@dataclass(frozen=True, eq=False)
class Losses:
    """IoU of each label, [C + 1] float64, and the points it lacks to 1; NaN where a label does not occur.

    Attributes:
        iou: What is reached.
        background: Lost to mix-ups with the background.
        wrong_class: Lost to mix-ups of classes.
        masks: Lost to the masks, whatever their labels.
    """

    iou: Floats
    background: Floats
    wrong_class: Floats
    masks: Floats


def counts_of(matrix: Integers) -> Counts:
    """Counts of a confusion matrix [C + 1, C + 1], rows truth, columns predicted."""
    return Counts(np.diagonal(matrix), matrix.sum(axis=0), matrix.sum(axis=1))


def confusions(matrix: Integers, most: int = 30) -> list[Confusion]:
    """Lists the mix-ups that cost most, the most costly first.

    Pixels put right are hits of their label, whose union stays the same, and leave the union of the other.

    Args:
        matrix: [C + 1, C + 1] int64, rows truth, columns predicted.
        most: How many at most.
    """
    counts = counts_of(matrix)
    union = counts.predicted + counts.truth - counts.tp
    value = np.nan_to_num(iou(counts))
    rest = union - matrix  # of the predicted label, without these pixels
    gone = (rest == 0) & (matrix > 0)
    truth_gain = matrix / np.maximum(union, 1)[:, None]
    predicted_gain = counts.tp / np.maximum(rest, 1) - value
    occurring = np.count_nonzero(union)
    # A label that is left without any pixel is no longer part of the mean.
    right = (value.sum() + truth_gain + predicted_gain) / np.maximum(occurring - gone, 1)
    gain = right - mean_iou(counts)

    truth, predicted = np.nonzero(matrix - np.diag(counts.tp))
    order = np.argsort(-gain[truth, predicted], kind="stable")[:most]
    return [
        Confusion(
            truth=int(row),
            predicted=int(column),
            pixels=int(matrix[row, column]),
            share_of_truth=float(matrix[row, column] / counts.truth[row]),
            miou_gain=float(gain[row, column]),
        )
        for row, column in zip(truth[order], predicted[order], strict=True)
    ]


def losses(matrix: Integers, best: Integers) -> Losses:
    """Splits what each label lacks to an IoU of 1.

    Masks cost what the best labelling lacks too. The rest is split between background and wrong classes in proportion
    to the pixels in error of either kind, as far as there are more of them than in the best labelling; missed pixels
    and wrongly added ones are compared each by themselves. All errors of the background are mix-ups with the
    background. The best labelling is the best for the mean, not for each label: where a label is better off without
    it, all that it lacks is put down to the masks.

    Args:
        matrix: [C + 1, C + 1] int64, rows truth, columns predicted.
        best: The same for the best labelling of the same segments.
    """
    value = iou(counts_of(matrix))
    # The best labelling does without labels that have no pixel: what they cost is no fault of the masks.
    ceiling = np.nan_to_num(iou(counts_of(best)), nan=1.0)
    ceiling = np.maximum(ceiling, value)
    rest = ceiling - value
    excess = np.maximum(_errors(matrix) - _errors(best), 0)
    background = excess[:2].sum(axis=0) / np.maximum(excess.sum(axis=0), 1)
    return Losses(iou=value, background=rest * background, wrong_class=rest * (1 - background), masks=1 - ceiling)


def _errors(matrix: Integers) -> Integers:
    """Pixels in error of each label: missed to and taken from the background, missed to and taken from classes.

    Returns:
        [4, C + 1] int64. If the IoU of a label is lower than elsewhere, one of the four is higher.
    """
    wrong = matrix - np.diag(np.diagonal(matrix))
    missed, taken = wrong[:, 0].copy(), wrong[0].copy()
    missed[0], taken[0] = wrong[0].sum(), wrong[:, 0].sum()
    return np.stack([missed, taken, wrong.sum(axis=1) - missed, wrong.sum(axis=0) - taken])
