"""What the masks of a folder hold, before it is known what it means."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from groupseg.datasets.pictures import read_mask
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

# Background is in most masks, and makes up more than half of their borders.
_MOST, _BORDER = 0.8, 0.5


@dataclass
class MaskValues:
    """What some masks hold.

    Attributes:
        looked: How many hold values.
        pixels: How many pixels have each value.
        border: How many of those lie at the border of their mask.
        masks: In how many masks each value is.
        first: The first mask with each value.
        coloured: The masks that hold colours in the place of values.
        colours: How many pixels have each colour 0xRRGGBB in these.
        faults: What is wrong with the others.
    """

    looked: int = 0
    pixels: Counter[int] = field(default_factory=Counter)
    border: Counter[int] = field(default_factory=Counter)
    masks: Counter[int] = field(default_factory=Counter)
    first: dict[int, str] = field(default_factory=dict)
    coloured: list[str] = field(default_factory=list)
    colours: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def zero_is_background(self) -> bool:
        """Whether value 0 is as background is: in nearly every mask, and around what the others show."""
        others = self.pixels.total() > self.pixels[0]
        return others and self.masks[0] >= _MOST * self.looked and self.border_share > _BORDER

    @property
    def border_share(self) -> float:
        """What share of the pixels at the border value 0 has."""
        return self.border[0] / max(self.border.total(), 1)


def mask_values(tree: Tree, names: Sequence[str]) -> MaskValues:
    """Reads masks and counts what they hold."""
    found = MaskValues()
    for name in tqdm(names, desc="look", unit="mask", disable=None):
        data = tree.read(name)
        try:
            values = read_mask(data, tree.where(name))
        except UserError as error:
            if (colours := _colours(data)) is None:
                found.faults.append(str(error))
            else:
                found.coloured.append(name)
                found.colours.update(_counts(colours))
            continue
        counts = _counts(values)
        found.looked += 1
        found.pixels.update(counts)
        found.masks.update(counts.keys())
        found.first = dict.fromkeys(counts, name) | found.first
        found.border.update(_counts(np.concatenate([values[[0, -1]].ravel(), values[1:-1, [0, -1]].ravel()])))
    return found


def _counts(values: NDArray[Any]) -> dict[int, int]:
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _colours(data: bytes) -> NDArray[np.int32] | None:
    """Returns the colours of a mask, int32 [H, W]; None if it holds none."""
    try:
        image = Image.open(io.BytesIO(data))
        if image.mode not in ("RGB", "RGBA") or image.format == "JPEG":
            return None
        pixels = np.asarray(image.convert("RGB")).astype(np.int32)
    except (OSError, SyntaxError, ValueError):  # what Pillow raises on a broken file
        return None
    return np.asarray(pixels @ np.array([1 << 16, 1 << 8, 1], np.int32), dtype=np.int32)
