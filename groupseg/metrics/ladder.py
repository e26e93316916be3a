"""Where the points go: from a fixed rule up to perfect masks, one thing put right at a time.

Each rung labels the same segments. From "calibrated" to "presence known" a rung may do all that the rung below it may,
and more, and is searched from there; "best labelling" is searched from both rungs below it. So these steps are never
negative. Two can be: "calibrated", which was fitted on other images, and "label oracle", which is the rule of a paper
(`metrics/oracle.py`) and no optimum: it looks at one image at a time, while the IoU of a label is over all images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupseg.metrics.bootstrap import bootstrap_miou, constant, interval
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import mean_iou
from groupseg.metrics.labelling import best_labelling
from groupseg.segments.table import SegmentTable

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Rung:
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


@dataclass(frozen=True, eq=False)
class Known:
    """What labels can be made of.

    Attributes:
        fixed: [S] int32 in 0..C, labels of the rule that is not calibrated.
        calibrated: [S] int32, labels of a calibrated strategy: the candidate, or 0.
        candidate: [S] int32 in 1..C, what that strategy calls a segment that is no background.
        score: [S] float64, by which it tells; higher = less background.
        present: [S] int32 in 1..C, the best class among those in the image; the candidate where there is none.
        oracle: [S] int32, labels of the label oracle.
    """

    fixed: Labels
    calibrated: Labels
    candidate: Labels
    score: Floats
    present: Labels
    oracle: Labels


def present_class(table: SegmentTable, scores: Floats, candidate: Labels) -> Labels:
    """Finds the best class of each segment among the classes that are in its image.

    Args:
        table: The segments.
        scores: [S, C] float64, higher = likelier.
        candidate: [S] int32, what is taken in an image without a labelled pixel of any class.

    Returns:
        [S] int32 in 1..C.
    """
    present = image_counts(table, np.zeros(len(candidate))).truth[table.image, 1:] > 0
    best = np.where(present, scores, -np.inf).argmax(axis=1).astype(np.int32) + 1
    return np.where(present.any(axis=1), best, candidate)


def ladder_labels(table: SegmentTable, known: Known) -> dict[str, Labels]:
    """Labels the segments for each rung but "perfect", the lowest first; [S] int32 in 0..C each."""
    labels = {"fixed": known.fixed, "calibrated": known.calibrated}
    labels["test threshold"] = _better(table, _test_threshold(table, known), known.calibrated)
    background = np.zeros_like(known.candidate)
    choices = [known.candidate, *([background] if table.with_background else [])]
    labels["background known"] = best_labelling(table, _either(table, choices), labels["test threshold"])
    choices.append(known.present)
    labels["presence known"] = best_labelling(table, _either(table, choices), labels["background known"])
    labels["label oracle"] = known.oracle
    # Without background every segment has a class; what has no labelled pixel counts for nothing.
    oracle = known.oracle if table.with_background else np.maximum(known.oracle, 1)
    allowed = np.ones(table.histogram.shape, dtype=bool)
    allowed[:, 0] = table.with_background
    ends = [best_labelling(table, allowed, start) for start in (oracle, labels["presence known"])]
    labels["best labelling"] = _better(table, *ends)
    return labels


def naive_labels(table: SegmentTable, known: Known) -> dict[str, Labels]:
    """Labels the segments as two rungs would be without a search; [S] int32 in 0..C each.

    "background_known" takes the candidates, and background where that is the commonest true label (of equals, it is);
    "presence_known" accepts what the calibrated strategy accepts, but as the best class in the image.
    """
    pixels = table.histogram.toarray()
    mostly = (pixels.argmax(axis=1) == 0) & table.with_background
    return {
        "background_known": np.where(mostly, np.int32(0), known.candidate),
        "presence_known": np.where(known.calibrated > 0, known.present, np.int32(0)),
    }


def ladder(table: SegmentTable, labels: Mapping[str, Labels], weights: NDArray[np.int32]) -> list[Rung]:
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
    rungs: list[Rung] = []
    for name, own in {**resampled, "perfect": constant(1.0, first)}.items():
        step = own - below
        rungs.append(Rung(name, own.value, interval(own), step.value, interval(step)))
        below = own
    return rungs


def _test_threshold(table: SegmentTable, known: Known) -> Labels:
    """The candidates by the best single threshold of all there are."""
    if not table.with_background:
        return known.candidate
    threshold, _ = threshold_curve(known.candidate, known.score, table.histogram).best()
    return np.where(known.score >= threshold, known.candidate, np.int32(0))


def _either(table: SegmentTable, choices: list[Labels]) -> NDArray[np.bool_]:
    """Allows each segment its label in any of the choices: [S, C + 1] bool."""
    allowed = np.zeros(table.histogram.shape, dtype=bool)
    for labels in choices:
        allowed[np.arange(len(labels)), labels] = True
    return allowed


def _better(table: SegmentTable, first: Labels, second: Labels) -> Labels:
    """The labels of higher mIoU; of equals, the second."""
    values: list[Any] = [mean_iou(image_counts(table, labels).total()) for labels in (first, second)]
    return first if values[0] > values[1] else second
