"""One bias per class and one temperature, learned by gradient on a soft mIoU or the Lovász-softmax loss."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import Recorded, absent_classes, require, single_curve
from groupseg.strategies.scores import Labels, Scores, checked_scores
from groupseg.strategies.soft_iou import lovasz, one_thread, sharp_scale, soft_miou

if TYPE_CHECKING:  # Only `fit` needs torch; importing it takes longer than any other strategy takes to fit.
    from torch import Tensor


@dataclass(kw_only=True)
class Learned(Recorded):
    """The highest of the logits exp(log_temperature) * cosine - bias of the classes and 0 of the background.

    Other than a threshold, a bias also decides between classes. Starts from the best single threshold on the
    cosine and follows the gradient of a loss over all calibration images, with Adam. Of all steps, the
    first included, the one with the highest mIoU on the calibration images is kept.

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
        scores = checked_scores("cosine", table, vocabulary)
        best = scores.max(axis=1)
        curve, self.warnings = single_curve(scores.argmax(axis=1) + 1, best, table.histogram)
        self.warnings += absent_classes(table, "They take the mean bias")
        threshold, _ = curve.best()
        temperature = sharp_scale(best)
        start = math.log(temperature), np.full(len(table.classes), temperature * threshold)

        self.miou = -1.0
        with one_thread():
            for step, (log_temperature, biases) in enumerate(self._descend(table, scores, *start)):
                label, logit = _best(scores, log_temperature, biases)
                labels = np.where(logit >= 0, label, 0)
                miou = float(mean_iou(image_counts(table, labels).total()))
                if step == 0:
                    self.start_miou = miou
                if miou > self.miou:
                    self.log_temperature, self.biases, self.miou = log_temperature, biases.tolist(), miou
        return self

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the class of the highest logit, [S] int32 in 1..C, and that logit, [S] float64."""
        return _best(checked_scores("cosine", table, vocabulary), self.log_temperature, np.array(self.biases))

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what is above the logit of the background, 0; see `Recorded`."""
        return score >= 0

    def _descend(
        self, table: SegmentTable, scores: Scores, log_temperature: float, biases: Scores
    ) -> Iterator[tuple[float, Scores]]:
        """Yields log_temperature and biases [C] at the start and after each step.

        Nothing is drawn at random: equal tables give equal steps.
        """
        import torch

        yield log_temperature, biases
        pixels = torch.tensor(table.histogram.toarray(), dtype=torch.float32)
        cosines = torch.tensor(scores, dtype=torch.float32)
        present = pixels[:, 1:].sum(dim=0) > 0
        if not present.any():
            return
        heat = torch.tensor(log_temperature, requires_grad=True)
        free = torch.tensor(biases, dtype=torch.float32, requires_grad=True)

        def mean_where_absent() -> "Tensor":
            return torch.where(present, free, free[present].mean())

        optimiser = torch.optim.Adam([heat, free], lr=self.lr)
        for _ in range(self.steps):
            bias = mean_where_absent()
            logits = heat.exp() * cosines - bias
            gap = lovasz(logits, pixels) if self.loss == "lovasz" else -soft_miou(logits, pixels)
            loss = self.shrinkage * bias.var(correction=0) + gap
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            yield heat.item(), mean_where_absent().detach().double().numpy()


def _best(scores: Scores, log_temperature: float, biases: Scores) -> tuple[Labels, Scores]:
    """Finds the class of the highest logit from cosines [S, C]."""
    logits = math.exp(log_temperature) * scores - biases
    return logits.argmax(axis=1).astype(np.int32) + 1, logits.max(axis=1)
