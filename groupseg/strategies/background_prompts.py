"""Words for what the background is made of stand against the classes."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores, best_class, finite
from groupseg.strategies.zero_threshold import ZeroThreshold


@dataclass(kw_only=True)
class BackgroundPrompts(ZeroThreshold):
    """Best class where it is nearer than every background word, else background.

    The score is the cosine of the best class less that of the best word. Without calibration this is the rule
    of SCLIP (Wang et al. 2024, arXiv 2312.01597): one softmax over classes and words, where any word means
    background. A calibrated threshold is the constant that calibrated stacking takes off all class scores
    before they meet the words (Chao et al. 2016, arXiv 1605.04253, equation 3), as a cosine.

    Args:
        rule: "background_prompts".
        words: The list of background words: of SCLIP, or of CLIP-ES (Lin et al. 2023, arXiv 2212.09506). Words
            that name a class of the vocabulary are left out.
        calibrated: Whether to calibrate the constant; else it is 0.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    NEEDS: ClassVar[SegmentKind | None] = "embeddings"

    rule: Literal["background_prompts"] = "background_prompts"
    words: Literal["sclip", "clip_es"] = "sclip"

    @property
    def word_lists(self) -> tuple[str, ...]:
        """Which of `Vocabulary.lists` it looks at; see `Strategy`."""
        return (self.words,)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds the constant, and says which words were left out; see `Strategy`."""
        super().fit(table, vocabulary)
        kept = set(vocabulary.negatives(self.words).words)
        if left_out := [word for word in vocabulary.lists[self.words].words if word not in kept]:
            self.warnings.append(f"Background words that name a class were left out: {', '.join(left_out)}.")
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its lead over the words, [S] float64."""
        label, score = best_class("cosine", table, vocabulary)
        words = vocabulary.negatives(self.words).text.astype(np.float64)
        return label, finite(score - (table.embedding[:] @ words.T).max(axis=1), self.rule, table)
