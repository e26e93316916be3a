"""Labelled images as their owners have them, whatever the layout: what every reader returns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.notes import Note
from groupseg.datasets.pictures import Photograph, open_photograph, transpose
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


class Remark(NamedTuple):
    """Something about an image that its owner should know of: what it is, and what it is found in."""

    kind: Literal["turned", "empty", "covered"]
    name: str


class Truth(NamedTuple):
    """What is known of the pixels of an image.

    Args:
        labels: Integer [H, W]: 0 = background, c = class c - 1 of the list, `ignore_value` = unknown.
        file: A PNG that decodes to `labels`, to be stored as it is; None where there is none.
        remarks: On shapes that are not seen in `labels`.
    """

    labels: NDArray[np.integer]
    file: bytes | None = None
    remarks: tuple[Remark, ...] = ()


Decode = Callable[[Tree, Item], Truth]


@dataclass(frozen=True, eq=False)
class FoundSample(Sample):
    """A labelled image of a data set of files.

    Args:
        mask_file: A PNG that decodes to `mask`, to be stored as it is; None where there is none.
        remarks: What its owner should know of it.
    """

    mask_file: bytes | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Unmatched:
    """Files that something belongs to which is not there, as they are called in errors.

    Attributes:
        images: Have no mask.
        masks: Have no image.
        listed: Are named by an annotation file, and lie nowhere.
        names: Are not UTF-8, so that nothing can be found by them.
    """

    images: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __add__(self, other: "Unmatched") -> "Unmatched":
        names = tuple(dict.fromkeys(self.names + other.names))
        return Unmatched(self.images + other.images, self.masks + other.masks, self.listed + other.listed, names)

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return self.images + self.masks + self.listed + self.names


@dataclass(frozen=True)
class Loader:
    """Reads one labelled image after the other. Can be pickled, and is small: it holds no list of items.

    Args:
        tree: Where the files lie.
        decode: Makes the labels of an item.
        exif_transpose_masks: Whether masks are turned as the EXIF orientation of their images says.
    """

    tree: Tree
    decode: Decode
    exif_transpose_masks: bool = False

    def __call__(self, item: Item) -> FoundSample:
        """Reads a labelled image.

        Raises:
            UserError: If a file is missing or damaged, the mask is of another size than its image, or says something
                that is no class.
        """
        photograph = open_photograph(self.tree.read(item.image), self.tree.where(item.image))
        mask, file, remarks = self.decode(self.tree, item)
        if photograph.orientation != 1:
            remarks = (*remarks, Remark("turned", item.name))
            if self.exif_transpose_masks:
                mask, file = transpose(mask, photograph.orientation), None
        if mask.shape != photograph.pixels.shape[:2]:
            raise UserError(self._other_size(item, photograph, mask))
        key = sample_key(item.name)
        return FoundSample(key, photograph.pixels, mask, item.name, photograph.encoded, file, remarks)

    def _other_size(self, item: Item, photograph: Photograph, mask: NDArray[np.integer]) -> str:
        truth = self.tree.where(item.truth) if isinstance(item.truth, str) else "its annotation"
        remedy = "Save the mask at the size of its image."
        if (
            not self.exif_transpose_masks
            and transpose(mask, photograph.orientation).shape == photograph.pixels.shape[:2]
        ):
            remedy = "The mask was drawn on the picture as it is stored: set source.exif_transpose_masks: true."
        return (
            f"{self.tree.where(item.image)} is {_size(photograph.pixels)} pixels (turned as its EXIF orientation says),"
            f" but {truth} is {_size(mask)}. {remedy}"
        )


@dataclass(frozen=True)
class LabelledFiles:
    """A data set of files.

    Args:
        tree: Where the files lie.
        classes: Names without background.
        background: Whether label 0 is background; else no pixel has it.
        splits: The images of `test`, and of `calib` unless the data set is calibrated by cross-fitting.
        decode: Makes the labels of an item; can be pickled.
        exif_transpose_masks: Whether masks are turned as the EXIF orientation of their images says.
        own: Whether its owner has listed what values mean but not which is unknown: that may be a class left out.
        unmatched: Files that are in no split, because their counterpart is missing.
        notes: What else its owner should know.
    """

    tree: Tree
    classes: tuple[str, ...]
    background: bool
    splits: Mapping[str, Sequence[Item]]
    decode: Decode
    exif_transpose_masks: bool = False
    own: bool = False
    unmatched: Unmatched = field(default_factory=Unmatched)
    notes: tuple[Note, ...] = ()

    @property
    def load(self) -> Loader:
        """Reads an item; pickle this, not the data set, to read in other processes."""
        return Loader(self.tree, self.decode, self.exif_transpose_masks)

    def samples(self, split: str) -> Iterator[FoundSample]:
        """Yields the labelled images of a split, in order.

        Raises:
            UserError: As `Loader`.
        """
        yield from map(self.load, self.splits[split])


def _size(pixels: NDArray[np.generic]) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
