"""Scores as probabilities, and for each class the threshold that is then best for its IoU."""

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Integers, Labels
from groupseg.metrics.confusion import hits, image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import mean_iou
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase, absent_classes
from groupseg.strategies.folds import tuning_folds
from groupseg.strategies.isotonic import Isotonic
from groupseg.strategies.scores import ScoreName, Scores, best_class
from groupseg.strategies.single_threshold import single_curve
from groupseg.strategies.units import support

# How many segments the curve of all classes together may be worth, next to the own one of a class.
_SHRINKAGES = (np.inf, 200.0, 50.0, 10.0)


@dataclass(kw_only=True)
class PlugIn(StrategyBase):
    """Best class where the probability that it is right reaches the plug-in threshold of that class, else background.

    Suppose a share eta of the n pixels of each segment is right. Calling the segments A a class with P true pixels then
    has IoU = TP / (P + FP) with TP = sum of n * eta and FP = sum of n * (1 - eta) over A. If J is the highest IoU,
    TP - J * (P + FP) is at most 0, and is 0 for the best A. Each segment adds n * (eta - J * (1 - eta)) to it, so the
    best A is {eta >= J / (1 + J)} (Koyejo et al. 2014, theorem 2, for the Jaccard index). J itself is the fixed point
    of J <- TP / (P + FP) from 0, which rises and ends (Dinkelbach 1967). The rarer or harder a class, the lower its
    threshold. What each class costs the background, one label of the mean among all, is left out.

    The probability is an isotonic curve of the score over all classes, averaged with one of the class alone, which has
    weight n / (n + shrinkage), where n segments have the class as candidate, or pixels of n images where pixels have
    scores. The shrinkage, infinite included, is the one whose probabilities have the lowest squared error per pixel on
    held-out calibration images.

    Args:
        rule: "plug_in".
        score: A key of `SCORES`.

    Attributes:
        common: Scores and probabilities at the knots of the curve of all classes, [2, K].
        own: The same of each class alone; empty where it has no weight.
        weights: [C], weight of `own` in 0..1.
        thresholds: [C], the probability from which a candidate is accepted, in 0..0.5; the mean of the others where
            a class has no true pixel or no candidate.
        miou: mIoU on the calibration images, 0..1.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["plug_in"] = "plug_in"
    score: ScoreName = "cosine"

    common: list[list[float]] = field(init=False, repr=False, compare=False)
    own: list[list[list[float]]] = field(init=False, repr=False, compare=False)
    weights: list[float] = field(init=False, repr=False, compare=False)
    thresholds: list[float] = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds curves and thresholds; see `Strategy`."""
        label, score = best_class(self.score, table, vocabulary)
        _, self.warnings = single_curve(label, score, table.histogram)
        right = hits(table.histogram, label)
        pixels: Integers = table.histogram.sum(axis=1)
        errors = np.zeros(len(_SHRINKAGES))
        for rest, held in tuning_folds(table):
            rests_on = support(label, table, rest & (pixels > 0))
            curves = Curves.fit(label[rest], score[rest], right[rest], pixels[rest], rests_on)
            for row, shrinkage in enumerate(_SHRINKAGES):
                found = curves.probability(label[held], score[held], curves.weights(shrinkage))
                errors[row] += right[held] @ (1 - found) ** 2 + (pixels - right)[held] @ found**2
        curves = Curves.fit(label, score, right, pixels, support(label, table, pixels > 0))
        weights = curves.weights(_SHRINKAGES[int(errors.argmin())])

        self.common, self.weights = _knots(curves.common), weights.tolist()
        self.own = [_knots(own) if weight else [] for own, weight in zip(curves.own, weights, strict=True)]
        probability = curves.probability(label, score, weights)
        self.keep_curve(threshold_curve(label, probability, table.histogram))
        self.thresholds = plug_in_thresholds(label, probability, table).tolist()
        self.miou = float(mean_iou(image_counts(table, self.predict(table, vocabulary)).total()))
        if len(table.keys) == 1:
            self.warnings.append("One calibration image: all classes share one curve of probabilities.")
        self.warnings += absent_classes(table, "They take the mean threshold")
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and the probability that it is right, [S]."""
        label, score = best_class(self.score, table, vocabulary)
        own = tuple(Isotonic(*np.array(knots or [[0.0], [0.0]])) for knots in self.own)
        curves = Curves(Isotonic(*np.array(self.common)), own, np.zeros(len(own), dtype=np.int64))
        return label, curves.probability(label, score, np.array(self.weights))

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what reaches the threshold of its class; see `StrategyBase`."""
        return np.asarray(score >= np.array(self.thresholds)[label - 1])


@dataclass(frozen=True, eq=False)
class Curves:
    """The curve of all classes, [C] curves of one class each, and what each of those rests on, see `support`."""

    common: Isotonic
    own: tuple[Isotonic, ...]
    support: Integers

    @classmethod
    def fit(cls, label: Labels, score: Scores, right: Integers, pixels: Integers, rests_on: Integers) -> Self:
        """Fits curves to segments [S] with `right` pixels of all their labelled `pixels`."""
        masks = [label == c for c in range(1, len(rests_on) + 1)]
        own = [Isotonic.fit(score[mine], right[mine], pixels[mine]) for mine in masks]
        return cls(Isotonic.fit(score, right, pixels), tuple(own), rests_on)

    def weights(self, shrinkage: float) -> Scores:
        """Weight of the own curve of each class, [C] in 0..1."""
        return np.asarray(self.support / (self.support + shrinkage))

    def probability(self, label: Labels, score: Scores, weights: Scores) -> Scores:
        """Probability that the candidates [S] are right, from scores [S] and weights [C]."""
        found = self.common(score)
        for row in np.flatnonzero(weights):
            mine = label == row + 1
            found[mine] += weights[row] * (self.own[row](score[mine]) - found[mine])
        return found


def highest_iou(probability: Scores, pixels: Integers, truth: int) -> float:
    """Finds the highest IoU that any set of segments has for a class, where the probabilities hold exactly.

    Args:
        probability: [S], share of the pixels of each candidate segment that are of the class.
        pixels: [S], labelled pixels of the segments.
        truth: True pixels of the class under all segments, candidate or not; above 0.

    Returns:
        J in 0..1; the set is probability >= J / (1 + J).
    """
    best = 0.0
    while True:
        mine = probability >= best / (1 + best)
        tp = probability[mine] @ pixels[mine]
        iou = float(tp / (truth + pixels[mine].sum() - tp))
        if iou <= best:
            return best
        best = iou


def plug_in_thresholds(label: Labels, probability: Scores, table: SegmentTable) -> Scores:
    """Finds J / (1 + J) of each class, see `PlugIn`.

    Args:
        label: [S], candidates in 1..C.
        probability: [S], probability that the candidate is right, in 0..1.
        table: The segments.

    Returns:
        [C] in 0..0.5; the mean of the others where a class has no true pixel or no candidate.
    """
    truth, pixels = table.histogram.sum(axis=0)[1:], table.histogram.sum(axis=1)
    best = np.full(len(truth), np.nan)
    for row in np.flatnonzero(truth):
        mine = (label == row + 1) & (pixels > 0)
        if mine.any():
            best[row] = highest_iou(probability[mine], pixels[mine], truth[row])
    thresholds, known = best / (1 + best), ~np.isnan(best)
    # Without any, that of a class whose every pixel is found.
    return np.where(known, thresholds, thresholds[known].mean() if known.any() else 0.5)


def _knots(curve: Isotonic) -> list[list[float]]:
    """A curve as it stands in a record."""
    return [curve.score.tolist(), curve.probability.tolist()]
