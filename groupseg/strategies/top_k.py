"""The score of the GroupViT release, with the number of classes it lets compete in an image chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from groupseg.array_types import Labels
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores, finite, highest_class, product
from groupseg.strategies.tuned import Tuned

# How many classes to let through, next to all of them; the release lets 5 through.
TOPS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50)


@dataclass(kw_only=True)
class TopK(Tuned):
    """Best class where GroupViT's product reaches the best threshold, else background.

    The product is the softmax over all classes times the softmax over the k classes nearest to the whole image; the
    release (`segmentation/evaluation/group_vit_seg.py`) has k = 5 for any number of classes. k is the setting.

    Args:
        rule: "top_k".

    Raises:
        UserError: If `rule` is another one.
    """

    rule: Literal["top_k"] = "top_k"

    def settings(self, table: SegmentTable, vocabulary: Vocabulary) -> Iterable[float]:
        """Returns the numbers of classes to try, all of them last; see `Tuned`."""
        classes = len(vocabulary.text)
        return [*(top for top in TOPS if top < classes), classes]

    def candidates_at(self, setting: float, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its product, [S] float64 in 0..1."""
        return highest_class(finite(product(table, vocabulary, top=int(setting)), "product", table))
