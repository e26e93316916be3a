"""Where the points go: from a constant threshold up to perfect masks, one thing put right at a time.

Each rung labels the same segments. The lower ones are strategies, which know nothing of the truth of these images:

- "fixed": the constant that the paper of the model, or its code, has for such data
- "global": one threshold on the same score, from calibration images
- "best score": the same on the score that does best on the calibration images
- "best calibrated": the strategy that stands for all

The others know part of the truth, each all that the one below it knows, and more:

- "true background": segments whose labelled pixels are mostly background are background, no others; names are kept
- "classes present": a name of a class that is not in the image gives way to the nearest class that is
- "label oracle": each segment has the label that overlaps it best in its image (`metrics/oracle.py`)
- "best labelling": the labels that a search finds best for mIoU over all images (`metrics/labelling.py`)
- "perfect": other masks

A step can be negative. Strategies were fitted on other images, and what is right for one segment need not be best for
mIoU, whose IoUs are over all images. Only "best labelling" is searched from the two rungs below it, and never lower.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Floats, Labels
from groupseg.metrics.bootstrap import Resampled, bootstrap_miou, constant, interval
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import labelling_miou
from groupseg.metrics.labelling import Either, best_labelling
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.blocks import in_blocks
from groupseg.segments.table import SegmentTable


@dataclass(frozen=True)
class MeasuredRung:
    """A rung, and the step up to it.

    Attributes:
        name: Name of the rung.
        miou: Its mIoU, 0..1.
        miou_ci: The 95 % interval.
        step: mIoU minus that of the rung below; all steps add up to 1.
        step_ci: The 95 % interval, of paired differences.
    """

    name: str
    miou: float
    miou_ci: tuple[float, float]
    step: float
    step_ci: tuple[float, float]


def true_background(table: SegmentTable, candidate: Labels) -> Labels:
    """Takes the candidates, and background where that is the commonest true label (of equals, it is).

    Args:
        table: The segments.
        candidate: [S] int32 in 1..C, what a strategy calls a segment that is no background; kept where no pixel of the
            segment is labelled.

    Returns:
        [S] int32 in 0..C; the candidates where the data set has no background.
    """
    pixels = table.histogram.toarray()
    mostly = (pixels.argmax(axis=1) == 0) & (pixels.sum(axis=1) > 0) & table.with_background
    return np.where(mostly, np.int32(0), candidate)


def classes_present(table: SegmentTable, labels: Labels, scores: Floats) -> Labels:
    """Replaces classes that are not in the image by the best one that is.

    Args:
        table: The segments.
        labels: [S] int32 in 0..C; background is kept.
        scores: [S, C] float64, higher = likelier.

    Returns:
        [S] int32 in 0..C; as given in an image without a labelled pixel of any class.
    """
    present = image_counts(table, labels).truth[table.image, 1:] > 0
    best = np.where(present, scores, -np.inf).argmax(axis=1).astype(np.int32) + 1
    wrong = (labels > 0) & ~present[np.arange(len(labels)), labels - 1] & present.any(axis=1)
    return np.where(wrong, best, labels)


def ladder_labels(
    table: SegmentTable, strategies: Mapping[str, Labels], candidate: Labels, scores: Callable[[SegmentTable], Floats]
) -> dict[str, Labels]:
    """Labels the segments for each rung but "perfect", the lowest first.

    Args:
        table: The segments.
        strategies: [S] int32 in 0..C for each of the lower rungs, by its name.
        candidate: [S] int32 in 1..C, what the last of these strategies calls a segment that is no background.
        scores: Says of a block of the table, [S, C] float64, which of the classes in an image a segment is like;
            higher = likelier.

    Returns:
        [S] int32 in 0..C, by name of the rung.
    """

    def present(block: SegmentTable, given: Labels) -> Labels:
        return classes_present(block, given, scores(block))

    labels = dict(strategies)
    labels["true background"] = in_blocks(true_background, table, candidate)
    labels["classes present"] = in_blocks(present, table, labels["true background"])
    labels["label oracle"] = label_oracle(table)
    # Without background every segment has a class; what has no labelled pixel counts for nothing.
    oracle = labels["label oracle"] if table.with_background else np.maximum(labels["label oracle"], 1)
    allowed = np.ones(len(table.classes) + 1, dtype=bool)
    allowed[0] = table.with_background
    allowed = np.broadcast_to(allowed, table.histogram.shape)
    ends = [best_labelling(table, allowed, start) for start in (oracle, labels["classes present"])]
    labels["best labelling"] = _better(table, *ends)
    return labels


def accept_or_drop(table: SegmentTable, labels: Labels, candidate: Labels) -> Labels:
    """Keeps or drops each candidate as a search finds best for mIoU.

    No rung: it drops names that are wrong as well as background, so that it is worth more than knowing the background
    is. No rule that accepts or drops these candidates is known to do better.

    Args:
        table: The segments.
        labels: [S] int32; the search starts from the candidates where this is not 0.
        candidate: [S] int32 in 1..C.

    Returns:
        [S] int32, the candidate, or 0 where the data set has background.
    """
    choices = [candidate, *([np.zeros_like(candidate)] if table.with_background else [])]
    start = np.where((labels > 0) | (not table.with_background), candidate, np.int32(0))
    return best_labelling(table, Either(table, choices), start)


def ladder(table: SegmentTable, labels: Mapping[str, Labels], weights: NDArray[np.int32]) -> list[MeasuredRung]:
    """Measures the rungs, and "perfect" above them.

    Args:
        table: The segments.
        labels: [S] int32 for each rung, the lowest first.
        weights: [B, N] int, how often each resample draws each image. Labels are not searched anew in a resample.

    Returns:
        The rungs, the lowest first.
    """
    resampled = {name: bootstrap_miou(image_counts(table, given), weights) for name, given in labels.items()}
    first = next(iter(resampled.values()))
    below = constant(0.0, first)
    rungs: list[MeasuredRung] = []
    for name, own in {**resampled, "perfect": constant(1.0, first)}.items():
        rungs.append(rung(name, own, below))
        below = own
    return rungs


def rung(name: str, own: Resampled, below: Resampled) -> MeasuredRung:
    """Measures a rung above another one."""
    step = own - below
    return MeasuredRung(name, own.value, interval(own), step.value, interval(step))


def _better(table: SegmentTable, first: Labels, second: Labels) -> Labels:
    """The labels of higher mIoU; of equals, the second."""
    return first if labelling_miou(table, first) > labelling_miou(table, second) else second
