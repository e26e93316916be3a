"""The rule of this project: a segment is named with the help of the image around it. See docs/context.md."""

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import Recorded, absent_classes, require, single_curve
from groupseg.strategies.scores import Labels, Scores, checked_scores, image_cosine
from groupseg.strategies.soft_iou import one_thread, sharp_scale, soft_miou

# How fast segments of an image stop speaking for each other as their embeddings differ.
AFFINITY = 8.0
EVIDENCE = ("segment", "image", "strongest", "alike")


@dataclass(kw_only=True)
class Context(Recorded):
    """The highest of the logits of the classes and 0 of the background, from four kinds of evidence for a class.

    The logit of class c is sum_k weights_k f_k(c) - biases_c, where f_k(c) is the cosine with the text of c of
    1. segment: the segment itself,
    2. image: the whole image (as the top 5 of GroupViT and TagCLIP, arXiv 2304.07547, use it, but softly),
    3. strongest: the segment of the image that is most like c: what is there once may be there twice,
    4. alike: the segments of the image, each by its area and by exp(8 cosine) of the two embeddings: parts of one thing
       that were torn apart are named together.
    Weights and biases follow the gradient of a soft mIoU over all calibration images, with Adam, from the best single
    threshold on the cosine.

    Args:
        rule: "context".
        steps: Steps of Adam.
        lr: Its learning rate, in logits a step.
        shrinkage: Weight of the variance of the biases in the loss, next to an mIoU of 0..1; 0 = none. A class without
            calibration pixels always has the mean bias.

    Attributes:
        weights: [4], of the evidence, in logits per unit of cosine.
        biases: [C], in logits.
        miou: mIoU on the calibration images, 0..1.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    rule: Literal["context"] = "context"
    steps: int = 200
    lr: float = 0.1
    shrinkage: float = 0.001

    weights: dict[str, float] = field(init=False, repr=False, compare=False)
    biases: list[float] = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the parameters."""
        super().__post_init__()
        require(self.steps >= 1, "steps", "at least 1", self.steps)
        require(self.lr > 0, "lr", "above 0", self.lr)
        require(self.shrinkage >= 0, "shrinkage", "at least 0", self.shrinkage)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Learns weights and biases; see `Strategy`."""
        features = evidence(table, vocabulary)
        best = features[..., 0].max(axis=1)
        curve, self.warnings = single_curve(features[..., 0].argmax(axis=1) + 1, best, table.histogram)
        self.warnings += absent_classes(table, "They take the mean bias")
        temperature = sharp_scale(best)
        with one_thread():
            weights, biases = self._descend(table, features, temperature, curve.best()[0])
        self.weights, self.biases = dict(zip(EVIDENCE, weights.tolist(), strict=True)), biases.tolist()
        self.miou = float(mean_iou(image_counts(table, self.predict(table, vocabulary)).total()))
        return self

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the class of the highest logit, [S] int32 in 1..C, and that logit, [S] float64."""
        weights = np.array([self.weights[name] for name in EVIDENCE])
        logits = evidence(table, vocabulary) @ weights - np.array(self.biases)
        return logits.argmax(axis=1).astype(np.int32) + 1, logits.max(axis=1)

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what is above the logit of the background, 0; see `Recorded`."""
        return score >= 0

    def _descend(
        self, table: SegmentTable, features: Scores, temperature: float, threshold: float
    ) -> tuple[Scores, Scores]:
        """Follows the gradient from a temperature and a single threshold to weights [4] and biases [C].

        Nothing is drawn at random: equal tables give equal steps.
        """
        import torch

        pixels = torch.tensor(table.histogram.toarray(), dtype=torch.float32)
        seen = torch.tensor(features, dtype=torch.float32)
        present = pixels[:, 1:].sum(dim=0) > 0
        heat = torch.tensor(np.log(temperature), dtype=torch.float32, requires_grad=True)
        mixture = torch.tensor([1.0, 0.0, 0.0, 0.0], requires_grad=True)
        free = torch.full((len(table.classes),), temperature * threshold, requires_grad=True)
        optimiser = torch.optim.Adam([heat, mixture, free], lr=self.lr)
        for _ in range(self.steps if present.any() else 0):
            bias = torch.where(present, free, free[present].mean())
            loss = self.shrinkage * bias.var(correction=0)
            loss = loss - soft_miou(seen @ (heat.exp() * mixture) - bias, pixels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        weights = (heat.exp() * mixture).detach().double().numpy()
        if present.any():
            free = torch.where(present, free, free[present].mean())
        return weights, free.detach().double().numpy()


def evidence(table: SegmentTable, vocabulary: Vocabulary) -> Scores:
    """Computes what speaks for each class in each segment; see `Context`.

    Returns:
        [S, C, 4] float64 in -1..1, in the order of `EVIDENCE`.

    Raises:
        UserError: If the embeddings are not finite, or there is not one text for each class.
    """
    cosine = checked_scores("cosine", table, vocabulary)
    image = image_cosine(table, vocabulary)
    first = np.searchsorted(table.image, np.arange(len(table.keys)))
    occupied = np.bincount(table.image, minlength=len(table.keys)) > 0
    strongest = np.full(image.shape, -1.0)
    if len(cosine):
        strongest[occupied] = np.maximum.reduceat(cosine, first[occupied], axis=0)
    return np.stack([cosine, image[table.image], strongest[table.image], alike(table, cosine, first)], axis=-1)


def alike(table: SegmentTable, cosine: Scores, first: NDArray[np.int64]) -> Scores:
    """Mean of the cosines [S, C] of the segments of an image, by area and by likeness to the segment: [S, C]."""
    position = np.arange(len(cosine)) - first[table.image]
    shape = (len(table.keys), int(position.max(initial=-1)) + 1)
    # Images side by side, padded with segments of no area, so that all are one matrix product.
    area, unit, own = np.zeros(shape), np.zeros((*shape, table.embedding.shape[1])), np.zeros((*shape, cosine.shape[1]))
    place = table.image, position
    area[place], unit[place], own[place] = table.area, table.embedding, cosine
    weight = area[:, None] * np.exp(AFFINITY * unit @ unit.transpose(0, 2, 1))
    mean = weight @ own / np.maximum(weight.sum(axis=2, keepdims=True), 1e-12)
    return np.asarray(mean[place])
