"""One threshold per class, exact on the calibration images, with little trust in rare classes."""

import math
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Integers, Labels
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import class_steps
from groupseg.metrics.iou import mean_iou
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase, absent_classes
from groupseg.strategies.cuts import Cuts, all_cuts, search
from groupseg.strategies.folds import tuning_folds
from groupseg.strategies.scores import ScoreName, Scores, best_class
from groupseg.strategies.single_threshold import single_curve
from groupseg.strategies.units import support

# How many segments, or images where pixels have scores, the single threshold may be worth. The strongest first: of
# equally good ones it is chosen.
SHRINKAGES = (math.inf, 1000.0, 100.0, 30.0, 10.0, 3.0, 0.0)


@dataclass(kw_only=True)
class PerClass(StrategyBase):
    """Best class where its score reaches the threshold of that class, else background.

    The thresholds maximise the mIoU of the calibration images. Then each is pulled towards the best single
    threshold, the more the fewer segments it rests on: own threshold with weight n / (n + shrinkage), where n
    segments are predicted as the class, or pixels of n images where pixels have scores. Scores in 0..1 are averaged as
    logits. The shrinkage is that of the highest cross-validated mIoU: each fold of the calibration images is judged by
    thresholds of the other folds, and the counts of all folds are added up.

    Args:
        rule: "per_class".
        score: A key of `SCORES`.

    Attributes:
        thresholds: [C], the threshold of each class.
        single: The best single threshold.
        shrinkage: How many segments the single threshold is worth; None = infinitely many: it is that of all classes.
        tried: "shrinkage" and "miou", one entry for each shrinkage: its cross-validated mIoU; none without folds.
        miou: mIoU on the calibration images with `thresholds`, 0..1.
        unshrunk_miou: The same before shrinkage.
        upper_bound: No thresholds have a higher mIoU on the calibration images, where classes without pixels
            keep the single threshold.

    Raises:
        UserError: If a parameter is none of the values it can have.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> rule = groupseg.PerClass(score="softmax").fit(scored.table, scored.vocabulary)
        >>> [round(threshold, 3) for threshold in rule.thresholds]
        [0.675, 0.675]
        >>> rule.warnings
        ['Only one calibration image has labels: all classes take the single threshold.']
    """

    rule: Literal["per_class"] = "per_class"
    score: ScoreName = "product"

    thresholds: list[float] = field(init=False, repr=False, compare=False)
    single: float = field(init=False, repr=False, compare=False)
    shrinkage: float | None = field(init=False, repr=False, compare=False)
    tried: dict[str, list[float | None]] = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)
    unshrunk_miou: float = field(init=False, repr=False, compare=False)
    upper_bound: float = field(init=False, repr=False, compare=False)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds thresholds and shrinkage; see `Strategy`."""
        label, score = self.candidates(table, vocabulary)
        curve, self.warnings = single_curve(label, score, table.histogram)
        self.keep_curve(curve)
        self.single, _ = curve.best()

        cuts, choice, self.upper_bound = _best_cuts(label, score, table.histogram, self.single)
        self.unshrunk_miou = float(cuts.miou(choice))
        shrinkage = self._choose_shrinkage(label, score, table)
        rests_on = support(label, table, np.ones(len(label), dtype=bool))
        self.thresholds = self._shrunk(cuts.threshold[choice], rests_on, self.single, shrinkage).tolist()
        self.miou = float(mean_iou(image_counts(table, self.predict(table, vocabulary)).total()))
        self.warnings += absent_classes(table, "They take the single threshold")
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its score, [S] float64."""
        return best_class(self.score, table, vocabulary)

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what reaches the threshold of its class; see `StrategyBase`."""
        return np.asarray(score >= np.array(self.thresholds)[label - 1])

    def _choose_shrinkage(self, label: Labels, score: Scores, table: SegmentTable) -> float:
        """Finds and records the shrinkage, and what each is worth; infinite where there are no folds."""
        # Images without labels judge nothing, and a fold of the others alone would leave nothing to fit on.
        labelled = np.unique(table.image[table.histogram.sum(axis=1) > 0])
        rows = np.isin(table.image, labelled)
        mious = self._cross_validated(label[rows], score[rows], table.subset(labelled))
        if not mious:
            self.warnings.append("Only one calibration image has labels: all classes take the single threshold.")
        shrinkage = SHRINKAGES[mious.index(max(mious))] if mious else math.inf
        recorded = [None if math.isinf(value) else value for value in SHRINKAGES[: len(mious)]]
        self.tried = {"shrinkage": recorded, "miou": [*mious]}
        self.shrinkage = None if math.isinf(shrinkage) else shrinkage
        return shrinkage

    def _cross_validated(self, label: Labels, score: Scores, table: SegmentTable) -> list[float]:
        """Returns the mIoU of each shrinkage, each image judged by thresholds of other images; [] without folds."""
        labels = np.zeros((len(SHRINKAGES), len(label)), dtype=np.int32)
        folds = list(tuning_folds(table))
        for used, judged in folds:
            pixels = table.histogram[np.flatnonzero(used)]
            single, _ = single_curve(label[used], score[used], pixels)[0].best()
            cuts, choice, _ = _best_cuts(label[used], score[used], pixels, single)
            rests_on = support(label, table, used)
            for row, shrinkage in enumerate(SHRINKAGES):
                thresholds = self._shrunk(cuts.threshold[choice], rests_on, single, shrinkage)
                kept = (score[judged] >= thresholds[label[judged] - 1]) | (not table.with_background)
                labels[row, judged] = np.where(kept, label[judged], 0)
        return [float(mean_iou(image_counts(table, row).total())) for row in labels] if folds else []

    def _shrunk(self, thresholds: Scores, rests_on: Integers, single: float, shrinkage: float) -> Scores:
        """Pulls thresholds [C] towards the single threshold, the more the less each rests on, see `support`."""
        if shrinkage == 0:
            return thresholds
        weight = rests_on / (rests_on + shrinkage)
        if self.score in ("softmax", "product"):
            from scipy.special import expit  # slow to import

            pulled = expit(weight * _logit(thresholds) + (1 - weight) * _logit(single))
        else:
            pulled = weight * thresholds + (1 - weight) * single
        # Where there is nothing to average, rounding is not to move the threshold past a score.
        return np.where((thresholds == single) | (weight == 0), single, pulled)


def _best_cuts(label: Labels, score: Scores, histogram: csr_array, single: float) -> tuple[Cuts, Integers, float]:
    """Returns the cuts of each class, the best choice of them, and an upper bound of the mIoU of any choice."""
    cuts = all_cuts(class_steps(label, score, histogram), single)
    return cuts, *search(cuts)


def _logit(share: ArrayLike) -> Scores:
    """Log odds; thresholds beyond all scores (0, 1 and a little more) are kept finite."""
    from scipy.special import logit  # slow to import

    return np.asarray(logit(np.clip(share, 1e-12, 1 - 1e-12)), dtype=np.float64)
