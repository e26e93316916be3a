"""Background as directions in the space of the embeddings, learned from labelled segments."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels, Singles
from groupseg.extras import extra
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import mean_iou
from groupseg.segments.blocks import Kept, by_blocks
from groupseg.segments.rows import Matrix, at
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase, require
from groupseg.strategies.scores import Scores, best_class, checked_scores
from groupseg.strategies.single_threshold import single_curve
from groupseg.strategies.soft_iou import Adam, SoftMiou, logit_slopes, one_thread, sharp_scale, show, with_pixels
from groupseg.strategies.units import score_spread

# Norm of the vectors at the start: the bias alone decides, and the vectors only break the tie between each other.
START = 0.1
# Segments that find where they start.
_ENOUGH = 10_000


@dataclass(kw_only=True)
class BackgroundVector(StrategyBase):
    """The highest of the logits scale * e.text of the classes and scale * max_k e.b_k + bias of the background.

    The embeddings e of segments and the class texts are frozen; the vectors b_k and the bias follow the gradient of the
    soft mIoU of the calibration images, with Adam and a rate that falls to 0 as a cosine. All steps are made: none is
    chosen by what it gives on the images it has learned from. The start is the best single threshold on the cosine,
    next to small vectors towards the centres (k-means) of the segments that are mostly background.

    Args:
        rule: "background_vector".
        vectors: How many vectors, at least 1; fewer where fewer segments are mostly background.
        steps: Steps of Adam.
        lr: Its learning rate at the start, in units of the cosine.
        shrinkage: Weight of the sum of squares of scale * b in the loss, next to an mIoU of 0..1; 0 = none.

    Attributes:
        learned: [K, D], the vectors, to 4 significant digits.
        bias: In logits.
        scale: The factor on the products, fixed from the spread of the best cosines.
        miou: mIoU on the calibration images, 0..1.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    PORTABLE: ClassVar[tuple[str, ...]] = ("learned", "bias", "scale")

    NEEDS: ClassVar[SegmentKind | None] = "embeddings"

    rule: Literal["background_vector"] = "background_vector"
    vectors: int = 1
    steps: int = 60
    lr: float = 0.02
    shrinkage: float = 1e-5

    learned: list[list[float]] = field(init=False, repr=False, compare=False)
    bias: float = field(init=False, repr=False, compare=False)
    scale: float = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the parameters."""
        super().__post_init__()
        require(self.vectors >= 1, "vectors", "at least 1", self.vectors)
        require(self.steps >= 1, "steps", "at least 1", self.steps)
        require(self.lr > 0, "lr", "above 0", self.lr)
        require(self.shrinkage >= 0, "shrinkage", "at least 0", self.shrinkage)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Learns vectors and bias; see `Strategy`."""
        label, score = best_class("cosine", table, vocabulary)
        curve, self.warnings = single_curve(label, score, table.histogram)
        self.scale = sharp_scale(score_spread(score, table))
        vectors, offset = self._descend(table, vocabulary, _start(table, self.vectors), curve.best()[0])
        self.learned = [[float(f"{value:.4g}") for value in vector] for vector in vectors]
        self.bias = self.scale * offset
        label, score = self.candidates(table, vocabulary)
        self.keep_curve(threshold_curve(label, score, table.histogram))
        self.miou = float(mean_iou(image_counts(table, self.predict(table, vocabulary)).total()))
        if len(vectors) < self.vectors:
            self.warnings.append(
                f"Only {len(vectors)} of {self.vectors} background vectors: too few segments are mostly background."
            )
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class by cosine, [S] int32 in 1..C, and its logit above that of the background, [S]."""
        label, score = best_class("cosine", table, vocabulary)
        nearest = (table.embedding[:].astype(np.float64) @ np.array(self.learned).T).max(axis=1)
        return label, self.scale * (score - nearest) - self.bias

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what is above the logit of the background; see `StrategyBase`."""
        return score >= 0

    def _descend(
        self, table: SegmentTable, vocabulary: Vocabulary, start: Scores, threshold: float
    ) -> tuple[Scores, float]:
        """Returns vectors [K, D] and offset after all steps. Nothing is drawn at random."""
        # The offset is in units of the cosine, as the vectors are: one rate suits both.
        values = np.append(start, threshold)
        vectors = values[:-1].reshape(start.shape)
        adam, loss = Adam(values), SoftMiou(table.histogram.sum(axis=0))

        def class_logits(block: SegmentTable) -> list[Singles]:
            scores = self.scale * checked_scores("cosine", block, vocabulary)
            return [np.pad(scores, ((0, 0), (1, 0))).astype(np.float32)]

        def logits(of_classes: Singles, embedding: Singles) -> Singles:
            nearest = (embedding @ vectors.T.astype(np.float32)).max(axis=1)
            of_classes[:, 0] = self.scale * (nearest + values[-1])
            return of_classes

        with one_thread(), with_pixels(table, class_logits) as kept:
            blocks = _Embedded(kept, table.embedding)
            for step in range(self.steps):
                show(loss, blocks, logits)
                slopes = np.append(2 * self.shrinkage * self.scale**2 * vectors, 0)
                for block_slopes, (_, embedding) in logit_slopes(loss, blocks, logits):
                    own = self.scale * block_slopes[:, 0]
                    nearest = (embedding @ vectors.T.astype(np.float32)).argmax(axis=1)
                    by_vector = np.where(nearest == np.arange(len(vectors))[:, None], own, np.float32(0))
                    slopes += np.append(by_vector @ embedding, own.sum())
                adam.step(slopes, self.lr * (1 + math.cos(math.pi * step / self.steps)) / 2)
        return vectors, float(values[-1])


class _Embedded:
    """What is kept of blocks, each time it is iterated, and with it their embeddings."""

    def __init__(self, kept: Kept, embedding: Matrix) -> None:
        self._kept, self._embedding = kept, embedding

    def __iter__(self) -> Iterator[list[NDArray[Any]]]:
        first = 0
        for arrays in self._kept:
            rows = slice(first, first := first + len(arrays[-1]))
            yield [*arrays, self._embedding[rows]]


def _start(table: SegmentTable, count: int) -> Scores:
    """Finds where at most `count` vectors start, [K, D]: towards the centres of segments that are mostly background.

    One vector of zeros where no segment is. Of many such segments, some are enough.
    """
    pixels = table.histogram.sum(axis=1)
    mostly = np.flatnonzero(2 * table.histogram[:, [0]].toarray()[:, 0] > pixels)
    some = mostly[:: len(mostly) // _ENOUGH + 1]
    embedding = np.unique(at(table.embedding, some)[:].astype(np.float64), axis=0)
    if len(embedding) == 0:
        return np.zeros((1, len(table.text_mean)))
    with extra("strategies"):
        from sklearn.cluster import KMeans

    centres = KMeans(min(count, len(embedding)), n_init=1, random_state=0).fit(embedding).cluster_centers_
    return np.asarray(START * centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12))
