"""One bias per class and one temperature, learned by gradient on a soft mIoU."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.segments.table import SegmentTable
from groupseg.strategies.base import Recorded, absent_classes, require, single_curve
from groupseg.strategies.scores import Labels, Scores, Text, checked_scores

# Temperature at the start, in logits per standard deviation of the best cosines. Softer, many weak classes
# together outweigh the best one, so that the soft mIoU says little about the true one.
SHARPNESS = 6.0

if TYPE_CHECKING:  # Only `fit` needs torch; importing it takes longer than any other strategy takes to fit.
    from torch import Tensor


@dataclass(kw_only=True)
class Learned(Recorded):
    """The highest of the logits exp(log_temperature) * cosine - bias of the classes and 0 of the background.

    Other than a threshold, a bias also decides between classes. Starts from the best single threshold on the
    cosine and follows the gradient of a soft mIoU over all calibration images, with Adam. Of all steps, the
    first included, the one with the highest mIoU on the calibration images is kept.

    Args:
        rule: "learned".
        steps: Steps of Adam.
        lr: Its learning rate, in logits a step.
        shrinkage: Weight of the variance of the biases in the loss, next to an mIoU of 0..1; 0 = none. A
            class without calibration pixels always has the mean bias.

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

    def fit(self, table: SegmentTable, text: Text) -> Self:
        """Learns biases and temperature; see `Strategy`."""
        scores = checked_scores("cosine", table, text)
        best = scores.max(axis=1)
        curve, self.warnings = single_curve(scores.argmax(axis=1) + 1, best, table.histogram)
        self.warnings += absent_classes(table, "They take the mean bias")
        threshold, _ = curve.best()
        temperature = SHARPNESS / max(float(best.std()), 1e-2)
        start = math.log(temperature), np.full(len(table.classes), temperature * threshold)

        self.miou = -1.0
        with _one_thread():
            for step, (log_temperature, biases) in enumerate(self._descend(table, scores, *start)):
                labels = _classify(scores, log_temperature, biases)
                miou = float(mean_iou(image_counts(table, labels).total()))
                if step == 0:
                    self.start_miou = miou
                if miou > self.miou:
                    self.log_temperature, self.biases, self.miou = log_temperature, biases.tolist(), miou
        return self

    def predict(self, table: SegmentTable, text: Text) -> Labels:
        """Labels segments; see `Strategy`."""
        return _classify(checked_scores("cosine", table, text), self.log_temperature, np.array(self.biases))

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
            loss = self.shrinkage * bias.var(correction=0) - soft_miou(heat.exp() * cosines - bias, pixels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            yield heat.item(), mean_where_absent().detach().double().numpy()


def soft_miou(logits: "Tensor", pixels: "Tensor") -> "Tensor":
    """Computes the mIoU where a segment has every label in part, by the softmax of its logits.

    The sharper the logits, the closer to the true mIoU.

    Args:
        logits: [S, C] float, of the classes; that of the background is 0.
        pixels: [S, C + 1] float, pixels of each true label under each segment.

    Returns:
        Scalar in 0..1, the mean over labels that occur in truth or, with half a pixel at least, in
        prediction.
    """
    import torch

    shares = torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1).softmax(dim=1)
    tp, truth = (shares * pixels).sum(dim=0), pixels.sum(dim=0)
    predicted = pixels.sum(dim=1) @ shares
    occurs = (truth > 0) | (predicted >= 0.5)
    return (tp[occurs] / (truth + predicted - tp)[occurs]).mean()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keeps torch to one thread: results do not depend on the cores, and busy cores are no trouble."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _classify(scores: Scores, log_temperature: float, biases: Scores) -> Labels:
    """Labels segments by their cosines [S, C]."""
    logits = math.exp(log_temperature) * scores - biases
    return np.where(logits.max(axis=1) >= 0, logits.argmax(axis=1) + 1, 0).astype(np.int32)
