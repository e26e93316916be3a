"""Images and masks that lie in folders, whatever the layout."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.pictures import read_mask, read_picture
from groupseg.datasets.sample import Sample, ignore_value, sample_key
from groupseg.errors import UserError


@dataclass(frozen=True)
class Pair:
    """An image file and its mask file."""

    name: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class LabelledFiles:
    """A data set of files.

    Args:
        classes: Names without background.
        background: Whether mask value 0 is background; else value i is class i.
        splits: The files of `calib` and `test`.
    """

    classes: tuple[str, ...]
    background: bool
    splits: Mapping[str, Sequence[Pair]]

    def samples(self, split: str) -> Iterator[Sample]:
        """Yields the labelled images of a split, in order.

        Raises:
            UserError: If a file is damaged, a mask is of another size than its image, or a value is unknown.
        """
        for pair in self.splits[split]:
            image, encoded = read_picture(pair.image)
            values = read_mask(pair.mask)
            if values.shape != image.shape[:2]:
                raise UserError(
                    f"{pair.mask} is {_size(values)} pixels, but {pair.image} is {_size(image)} (turned as"
                    " its EXIF orientation says). Save the mask at the size of its image."
                )
            mask = to_labels(values, len(self.classes), self.background, pair.mask)
            yield Sample(sample_key(pair.name), image, mask, pair.name, encoded)


def to_labels(values: NDArray[np.int32], classes: int, background: bool, path: Path) -> NDArray[np.int32]:
    """Turns the values of a mask file into labels.

    Args:
        values: int32 [H, W]. Where background is listed, a value is a label already; else value i becomes
            label i + 1. Ignored pixels are 255, or 65535 where 255 is itself a listed value.
        classes: How many there are, without background.
        background: Whether value 0 is background.
        path: The file, for the error.

    Returns:
        int32 [H, W]: 0 = background, 1..classes, `ignore_value(classes)`.

    Raises:
        UserError: If a value is neither listed nor ignored.
    """
    listed = classes + background
    ignored = values == (255 if listed <= 255 else 65535)
    if (wrong := np.unique(values[~ignored & ((values < 0) | (values >= listed))])).size:
        raise UserError(
            f"{path} holds {', '.join(map(str, wrong[:5]))}, outside the class list (0..{listed - 1}, and"
            f" {255 if listed <= 255 else 65535} = ignore). Mend the mask, or list the class."
        )
    return np.where(ignored, ignore_value(classes), values + (not background)).astype(np.int32)


def _size(pixels: NDArray[np.generic]) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
