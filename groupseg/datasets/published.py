"""What published layouts have in common: official splits of pairs, and classes that a list of one's own may replace."""

from collections.abc import Callable
from dataclasses import dataclass

from groupseg.datasets.labelled import LabelledFiles, Unmatched
from groupseg.datasets.layout import ImageMaskPairs, official_splits
from groupseg.datasets.masks import MaskFiles
from groupseg.datasets.meaning import Meaning, own_or_published
from groupseg.sources.tree import Tree


@dataclass(frozen=True)
class Published:
    """A published data set.

    Attributes:
        called: Its name, for notes.
        test: Its official test split.
        train: The split that calibration images are drawn from.
        names: What the names of its images look like, a pattern of the whole name.
        means: Its classes.
    """

    called: str
    test: str
    train: str
    names: str
    means: Meaning


def read_published(
    tree: Tree, root: str, calib: float | None, seed: int, published: Published, pairs: Callable[[str], ImageMaskPairs]
) -> LabelledFiles:
    """Finds the images of a published layout; where a list of classes lies in it, the classes are those of the list.

    Args:
        tree: Where it lies.
        root: The folder where a list of one's own would lie, "" or with a slash at its end.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.
        published: Which it is.
        pairs: Finds the images of a split and their masks.
    """
    test = pairs(published.test)
    train = ImageMaskPairs({}, Unmatched()) if calib is None else pairs(published.train)
    names = (*test.items, *train.items)
    means = own_or_published(tree, root, published.means, published.called, names, published.names)
    return LabelledFiles(
        tree,
        means.classes,
        means.background,
        official_splits(test.items, train.items, calib, seed),
        MaskFiles(means.labels, means.palette),
        own=means.own,
        unmatched=test.unmatched + train.unmatched,
        notes=means.notes,
    )
