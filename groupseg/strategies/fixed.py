"""The rule of the GroupViT release: one constant threshold, not calibrated."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels
from groupseg.extras import extra
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase, require
from groupseg.strategies.scores import ScoreName, Scores, best_class, check_texts, finite, image_max

# Classes nearest to the window that its groups may be of.
TOP = 5


@dataclass(kw_only=True)
class Fixed(StrategyBase):
    """Best class where its score reaches a constant, else background (GroupViT, Xu et al. 2022, section 4.1).

    Args:
        rule: "fixed".
        threshold: The constant. The paper says 0.9 (VOC) and 0.5 (Context), its code 0.95 and 0.35.
        clamp: As the released code does, never let the best segment of an image be background: the threshold
            of an image is at most its highest score.
        score: A key of `SCORES`.
        per_window: As the released code does, decide in each window by itself, with a clamp by its own highest score,
            and average what the windows say: 1 or 0 for background next to the scores of the classes. The label is the
            highest mean, background where it is among them. Else the scores are averaged, and the mean is thresholded.
            Both are the same where a segment is a group of the whole image. Only for scores in 0..1, as the votes are.

    Raises:
        UserError: If a parameter is none of the values it can have.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> rule = groupseg.Fixed(threshold=0.85, score="softmax")
        >>> scored.label_map(0, rule.predict(scored.table, scored.vocabulary))
        array([[1, 0, 0, 2]], dtype=int32)
    """

    HAS_THRESHOLD: ClassVar[bool] = True

    rule: Literal["fixed"] = "fixed"
    threshold: float
    clamp: bool = True
    score: ScoreName = "product"
    per_window: bool = False

    def __post_init__(self) -> None:
        """Checks the parameters."""
        super().__post_init__()
        shares = self.score in ("product", "softmax")
        require(
            shares or not self.per_window, "per_window", "false unless score is product or softmax", self.per_window
        )

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Does nothing: there is nothing to calibrate."""
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the class of the highest mean score, [S] int32 in 1..C, and that score, [S] float64."""
        return best_class(self.score, table, vocabulary)

    @by_blocks
    def predict(self, table: SegmentTable, vocabulary: Vocabulary) -> Labels:
        """Labels segments; see `Strategy`. Windows are decided as in the release, in float32."""
        if table.parts is None or not self.per_window:
            return super().predict(table, vocabulary)
        windows = table.windows()
        scores = _released(self.score, windows, vocabulary)
        if table.with_background:
            accepted = self.accepted(scores.argmax(axis=1), scores.max(axis=1), windows)
            scores = np.concatenate([~accepted[:, None], scores], axis=1)
        # What windows say of two classes may tie in float32. mmsegmentation takes the highest of a softmax of means.
        total = np.asarray(table.parts.members.astype(np.float32) @ scores)
        mean = total / table.parts.counts[:, None].astype(np.float32)
        first = np.int32(0 if table.with_background else 1)
        return np.asarray(_softmax(mean.T).argmax(axis=0).astype(np.int32) + first)

    def accepted(self, label: Labels, score: NDArray[np.floating], table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what reaches the constant, in the precision of the score; see `StrategyBase`."""
        threshold = np.full(len(table.keys), self.threshold)
        if self.clamp:
            threshold = np.minimum(threshold, image_max(score.astype(np.float64), table))
        return np.asarray(score >= threshold.astype(score.dtype)[table.image])


def _released(score: str, table: SegmentTable, vocabulary: Vocabulary) -> NDArray[np.float32]:
    """Scores [S, C] as in `groupseg.strategies.scores`, rounded as in the release: several may then be 1 itself."""
    with extra("torch"):
        import torch  # whole images do without

    check_texts(table, vocabulary)
    given = (vocabulary.text, table.embedding[:], table.image_embedding)
    words, groups, windows = (torch.from_numpy(np.array(vectors, np.float32)) for vectors in given)
    text = words.T
    logits = (groups @ text) * table.scale
    scores = logits.softmax(dim=1)
    if score == "product":
        nearest = (windows @ text).topk(min(TOP, text.shape[1])).indices
        kept = torch.zeros(len(table.keys), text.shape[1], dtype=torch.bool).scatter_(1, nearest, True)
        scores = scores * logits.masked_fill(~kept[torch.from_numpy(table.image).long()], -torch.inf).softmax(dim=1)
    finite(scores.double().numpy(), score, table)
    rounded: NDArray[np.float32] = scores.numpy()
    return rounded


def _softmax(logits: NDArray[Any]) -> NDArray[np.float32]:
    """Softmax over the first axis, as that of planes, rounded as by torch."""
    with extra("torch"):
        import torch

    shares: NDArray[np.float32] = torch.from_numpy(np.ascontiguousarray(logits)).softmax(dim=0).numpy()
    return shares
