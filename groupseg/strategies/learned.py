"""One bias per class and one temperature, learned by gradient on a soft mIoU or the Lovász-softmax loss."""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase, absent_classes, require
from groupseg.strategies.linear import ClassEvidence, Point, descend
from groupseg.strategies.lovasz import Lovasz
from groupseg.strategies.scores import Scores, best_class, checked_scores, highest_class
from groupseg.strategies.single_threshold import single_curve
from groupseg.strategies.soft_iou import SoftMiou, Watched, sharp_scale
from groupseg.strategies.units import score_spread


@dataclass(kw_only=True)
class Learned(StrategyBase):
    """The highest of the logits exp(log_temperature) * cosine - bias of the classes and 0 of the background.

    Other than a threshold, a bias also decides between classes. Starts from the best single threshold on the
    cosine and follows the gradient of a loss over all calibration images, with Adam; over the last tenth of the steps
    the learning rate falls to 0. Of all steps, the first included, the one with the highest mIoU on the calibration
    images is kept.

    Args:
        rule: "learned".
        steps: Steps of Adam.
        lr: Its learning rate, in logits a step.
        shrinkage: Weight of the variance of the biases in the loss, next to an mIoU of 0..1; 0 = none. A
            class without calibration pixels always has the mean bias.
        loss: "soft": minus the mIoU of soft labels; "lovasz": the Lovász-softmax loss (Berman et al. 2018), which takes
            ten times as long.

    Attributes:
        log_temperature: Natural logarithm of the factor on the cosine.
        biases: [C], in logits.
        miou: mIoU on the calibration images, 0..1.
        start_miou: mIoU of the best single threshold, from which it started.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["learned"] = "learned"
    steps: int = 200
    lr: float = 0.05
    shrinkage: float = 0.001
    loss: Literal["soft", "lovasz"] = "soft"

    log_temperature: float = field(init=False, repr=False, compare=False)
    biases: list[float] = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)
    start_miou: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the parameters."""
        super().__post_init__()
        require(self.steps >= 1, "steps", "at least 1", self.steps)
        require(self.lr > 0, "lr", "above 0", self.lr)
        require(self.shrinkage >= 0, "shrinkage", "at least 0", self.shrinkage)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Learns biases and temperature; see `Strategy`."""
        label, best = best_class("cosine", table, vocabulary)
        curve, self.warnings = single_curve(label, best, table.histogram)
        self.warnings += absent_classes(table, "They take the mean bias")
        temperature = sharp_scale(score_spread(best, table))
        biases = np.full(len(table.classes), temperature * curve.best()[0])
        loss = Watched(
            Lovasz(table.histogram) if self.loss == "lovasz" else SoftMiou(table.histogram.sum(axis=0)), table
        )
        mious: list[float] = []
        for point in descend(
            table, partial(cosine_evidence, vocabulary=vocabulary), loss,
            Point(math.log(temperature), np.ones(1), biases),
            steps=self.steps, rate=self.lr, shrinkage=self.shrinkage, mixed=False,
        ):  # fmt: skip
            if loss.miou > max(mious, default=-1):
                self.log_temperature, self.biases = point.heat, point.biases.tolist()
            mious.append(loss.miou)
        self.start_miou = mious[0]
        self.miou = float(mean_iou(image_counts(table, self.predict(table, vocabulary)).total()))
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the class of the highest logit, [S] int32 in 1..C, and that logit, [S] float64."""
        scores = checked_scores("cosine", table, vocabulary)
        return highest_class(math.exp(self.log_temperature) * scores - np.array(self.biases))

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what is above the logit of the background, 0; see `StrategyBase`."""
        return score >= 0


def cosine_evidence(block: SegmentTable, vocabulary: Vocabulary) -> ClassEvidence:
    """Takes the cosine with its text for the only evidence of a class."""
    cosine = checked_scores("cosine", block, vocabulary).astype(np.float32)
    return ClassEvidence(cosine[None], np.zeros((0, len(block.keys), cosine.shape[1]), np.float32), block.image)
