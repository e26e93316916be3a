"""Labelled images as their owners have them, whatever the layout: what every reader returns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.pictures import read_picture
from groupseg.datasets.sample import Sample, sample_key
from groupseg.errors import UserError
from groupseg.sources.tree import Tree


@dataclass(frozen=True)
class Item:
    """An image and where its labels come from. Nothing of either is read yet.

    Args:
        name: What its owner calls it, unique in the data set.
        image: The name of its file in the tree.
        truth: The name of its mask file in the tree, or whatever else `decode` makes the mask of; can be pickled.
    """

    name: str
    image: str
    truth: Any


class Truth(NamedTuple):
    """What is known of the pixels of an image.

    Args:
        labels: Integer [H, W]: 0 = background, c = class c - 1 of the list, `ignore_value` = unknown.
        file: A PNG that decodes to `labels`, to be stored as it is; None where there is none.
    """

    labels: NDArray[np.integer]
    file: bytes | None = None


Decode = Callable[[Tree, Item], Truth]


@dataclass(frozen=True, eq=False)
class FoundSample(Sample):
    """A labelled image of a data set of files.

    Args:
        mask_file: A PNG that decodes to `mask`, to be stored as it is; None where there is none.
    """

    mask_file: bytes | None = None


@dataclass(frozen=True)
class Loader:
    """Reads one labelled image after the other. Can be pickled, and is small: it holds no list of items."""

    tree: Tree
    decode: Decode

    def __call__(self, item: Item) -> FoundSample:
        """Reads a labelled image.

        Raises:
            UserError: If a file is missing or damaged, the mask is of another size than its image, or says something
                that is no class.
        """
        image, encoded = read_picture(self.tree.read(item.image), self.tree.where(item.image))
        mask, file = self.decode(self.tree, item)
        if mask.shape != image.shape[:2]:
            truth = self.tree.where(item.truth) if isinstance(item.truth, str) else "its annotation"
            raise UserError(
                f"{self.tree.where(item.image)} is {_size(image)} pixels (turned as its EXIF orientation says), but"
                f" {truth} is {_size(mask)}. Save the mask at the size of its image."
            )
        return FoundSample(sample_key(item.name), image, mask, item.name, encoded, file)


@dataclass(frozen=True)
class LabelledFiles:
    """A data set of files.

    Args:
        tree: Where the files lie.
        classes: Names without background.
        background: Whether label 0 is background; else no pixel has it.
        splits: The images of `test`, and of `calib` unless the data set is calibrated by cross-fitting.
        decode: Makes the labels of an item; can be pickled.
    """

    tree: Tree
    classes: tuple[str, ...]
    background: bool
    splits: Mapping[str, Sequence[Item]]
    decode: Decode

    @property
    def load(self) -> Loader:
        """Reads an item; pickle this, not the data set, to read in other processes."""
        return Loader(self.tree, self.decode)

    def samples(self, split: str) -> Iterator[FoundSample]:
        """Yields the labelled images of a split, in order.

        Raises:
            UserError: As `Loader`.
        """
        yield from map(self.load, self.splits[split])


def _size(pixels: NDArray[np.generic]) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
