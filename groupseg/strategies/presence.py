"""First which classes are in the image, then which of them each segment is."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels
from groupseg.metrics.confusion import entries
from groupseg.metrics.curve import MARGIN, midpoints
from groupseg.segments.blocks import by_blocks, in_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import absent_classes, require
from groupseg.strategies.scores import ScoreName, Scores, checked_scores, cosine, finite, highest_class, image_cosine
from groupseg.strategies.single_threshold import SingleThreshold


@dataclass(kw_only=True)
class Presence(SingleThreshold):
    """Best class of those that the image seems to hold, where its score reaches the best threshold.

    An image lets a class through if its presence score reaches the cut of the class: the one of highest F1 (and so of
    highest IoU) for "the class has a pixel in the image" on the calibration images. A cut is pulled towards the
    common one, of highest F1 over all classes together, the more the fewer images it rests on: own cut with weight
    n / (n + shrinkage), where the class is in n images. An image that lets no class through lets all through: that it
    holds none is then for the threshold to say, which has seen the segments.

    Args:
        rule: "presence".
        by: The presence score: cosine of the class and the whole image, or the highest of any segment of the image.
        shrinkage: How many images the common cut is worth; 0 = none.
        score: A key of `SCORES`, by which segments choose their class.

    Attributes:
        cuts: [C], the cut of each class, as a cosine.
        common: The common cut.
        f1: F1 of what is let through, over all calibration images and classes together, 0..1.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    PORTABLE: ClassVar[tuple[str, ...]] = ()  # a cut for each class

    rule: Literal["presence"] = "presence"
    by: Literal["image", "segments"] = "segments"
    shrinkage: float = 10.0
    score: ScoreName = "cosine"

    cuts: list[float] = field(init=False, repr=False, compare=False)
    common: float = field(init=False, repr=False, compare=False)
    f1: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the parameters."""
        super().__post_init__()
        require(self.shrinkage >= 0, "shrinkage", "at least 0", self.shrinkage)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds the cuts, then the threshold; see `Strategy`."""
        rows = np.unique(table.image)  # An image without segments has no presence score.
        presence, present = self._presence(table, vocabulary)[rows], in_blocks(_present, table)[rows]
        self.common = best_cut(presence.ravel(), present.ravel())
        own = [best_cut(*pair) for pair in zip(presence.T, present.T, strict=True)]
        images = present.sum(axis=0)
        weight = images / np.maximum(images + self.shrinkage, 1)
        cuts = np.where(images > 0, weight * own + (1 - weight) * self.common, self.common)
        through = presence >= cuts
        self.f1 = float(2 * (through & present).sum() / max(through.sum() + present.sum(), 1))
        self.cuts = cuts.tolist()
        super().fit(table, vocabulary)
        self.warnings += absent_classes(table, "They take the common cut")
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class let through for each segment, [S] int32 in 1..C, and its score, [S] float64."""
        scores = checked_scores(self.score, table, vocabulary)
        presence = finite(self._presence(table, vocabulary)[table.image], "presence", table)
        through = presence >= np.array(self.cuts)
        through |= ~through.any(axis=1, keepdims=True)
        return highest_class(np.where(through, scores, -np.inf))

    @by_blocks
    def _presence(self, table: SegmentTable, vocabulary: Vocabulary) -> Scores:
        """Presence scores, [N, C]; -inf where an image has no segment."""
        if self.by == "image":
            return image_cosine(table, vocabulary)
        strongest = np.full((len(table.keys), len(vocabulary.text)), -np.inf)
        np.maximum.at(strongest, table.image, cosine(table, vocabulary))
        return strongest


def best_cut(presence: Scores, present: NDArray[np.bool_]) -> float:
    """Finds the cut of highest F1 for `presence >= cut`, of equals the highest; above all where nothing is present.

    Args:
        presence: [M] float64, presence scores.
        present: [M] bool, whether the class is there.
    """
    order = np.argsort(-presence, kind="stable")
    ordered = presence[order]
    last = np.flatnonzero(np.diff(ordered, append=-np.inf))  # of each run of equal scores
    found = np.cumsum(present[order])[last]
    f1 = np.append(0, 2 * found / (last + 1 + present.sum()))
    cuts = np.append(presence.max(initial=0) + MARGIN, ordered[last])
    return float(midpoints(cuts)[f1.argmax()])


def _present(table: SegmentTable) -> NDArray[np.bool_]:
    """Whether each class has a pixel in each image, [N, C]."""
    pixels = np.zeros((len(table.keys), len(table.classes) + 1), dtype=np.int64)
    segment, label, count = entries(table.histogram)
    np.add.at(pixels, (table.image[segment], label), count)
    return pixels[:, 1:] > 0
