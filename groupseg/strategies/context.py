"""The rule of this project: a segment is named with the help of the image around it. See docs/context.md."""

from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels, Singles
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase, absent_classes, require
from groupseg.strategies.linear import ClassEvidence, Point, descend
from groupseg.strategies.scores import Scores, best_class, checked_scores, highest_class, image_cosine
from groupseg.strategies.single_threshold import single_curve
from groupseg.strategies.soft_iou import SoftMiou, sharp_scale
from groupseg.strategies.units import score_spread

# How fast segments of an image stop speaking for each other as their embeddings differ.
AFFINITY = 8.0
EVIDENCE = ("segment", "alike", "image", "strongest")


@dataclass(kw_only=True)
class Context(StrategyBase):
    """The highest of the logits of the classes and 0 of the background, from four kinds of evidence for a class.

    The logit of class c is sum_k weights_k f_k(c) - biases_c, where f_k(c) is the cosine with the text of c of
    1. segment: the segment itself,
    2. image: the whole image (as the top 5 of GroupViT and TagCLIP, arXiv 2304.07547, use it, but softly),
    3. strongest: the segment of the image that is most like c: what is there once may be there twice,
    4. alike: the segments of the image, each by its area and by exp(8 cosine) of the two embeddings: parts of one thing
       that were torn apart are named together.
    Weights and biases follow the gradient of a soft mIoU over all calibration images, with Adam, from the best single
    threshold on the cosine. Over the last tenth of the steps the learning rate falls to 0.

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

    NEEDS: ClassVar[SegmentKind | None] = "embeddings"

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
        label, best = best_class("cosine", table, vocabulary)
        curve, self.warnings = single_curve(label, best, table.histogram)
        self.warnings += absent_classes(table, "They take the mean bias")
        temperature = sharp_scale(score_spread(best, table))
        biases = np.full(len(table.classes), temperature * curve.best()[0])
        *_, point = descend(
            table, partial(context_evidence, vocabulary=vocabulary), SoftMiou(table.histogram.sum(axis=0)),
            Point(np.log(temperature), np.array([1.0, 0.0, 0.0, 0.0]), biases),
            steps=self.steps, rate=self.lr, shrinkage=self.shrinkage, mixed=True,
        )  # fmt: skip
        self.weights, self.biases = dict(zip(EVIDENCE, point.weights.tolist(), strict=True)), point.biases.tolist()
        self.miou = float(mean_iou(image_counts(table, self.predict(table, vocabulary)).total()))
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the class of the highest logit, [S] int32 in 1..C, and that logit, [S] float64."""
        weights = np.array([self.weights[name] for name in EVIDENCE], dtype=np.float32)
        logits = context_evidence(table, vocabulary).logits(weights, np.array(self.biases, dtype=np.float32))
        return highest_class(logits.astype(np.float64))

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what is above the logit of the background, 0; see `StrategyBase`."""
        return score >= 0


def context_evidence(block: SegmentTable, vocabulary: Vocabulary) -> ClassEvidence:
    """Computes what speaks for each class in each segment, in the order of `EVIDENCE`; see `Context`.

    Raises:
        UserError: If the embeddings are not finite, or there is not one text for each class.
    """
    cosine = checked_scores("cosine", block, vocabulary).astype(np.float32)
    image = image_cosine(block, vocabulary).astype(np.float32)
    strongest, alike = np.full_like(image, -1), np.empty_like(cosine)
    embedding, ends = block.embedding[:], np.searchsorted(block.image, np.arange(len(block.keys) + 1))
    for row, (first, end) in enumerate(pairwise(ends)):
        if first < end:
            own = slice(first, end)
            strongest[row] = cosine[own].max(axis=0)
            alike[own] = mean_alike(embedding[own], block.area[own], cosine[own])
    return ClassEvidence(np.stack([cosine, alike]), np.stack([image, strongest]), block.image)


def mean_alike(embedding: Singles, area: NDArray[np.int64], cosine: Singles) -> Singles:
    """Mean of the cosines [n, C] of the segments of an image, by area and by likeness to the segment: [n, C]."""
    likeness = AFFINITY * embedding @ embedding.T
    likeness -= likeness.max(axis=1, keepdims=True)  # of score tables, whose embeddings may be long, exp would overflow
    weight = np.exp(likeness) * np.maximum(area, 1e-12).astype(np.float32)
    return np.asarray(weight @ cosine / weight.sum(axis=1, keepdims=True))
