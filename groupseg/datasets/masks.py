"""From the values of mask files to labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.labelled import Item, Truth
from groupseg.datasets.pictures import PNG, Palette, read_mask
from groupseg.datasets.sample import ignore_value
from groupseg.errors import UserError
from groupseg.sources.tree import Tree


@dataclass(frozen=True)
class MaskFiles:
    """Decodes items whose truth is the name of a mask file.

    Args:
        labels: The label of each value that a mask may hold.
        palette: What colours mean, for masks that were saved as colours.
        by_colour: Whether `palette` also goes before the numbers of masks that carry a palette of their own.
    """

    labels: Mapping[int, int]
    palette: Palette | None = None
    by_colour: bool = False

    def __call__(self, tree: Tree, item: Item) -> Truth:
        """Returns the labels of an item; with its file, where that is a PNG whose values are the labels.

        Raises:
            UserError: If the mask is missing, damaged, or holds a value without a label.
        """
        data, label = tree.read(item.truth), tree.where(item.truth)
        values = read_mask(data, label, self.palette, self.by_colour)
        labels = relabel(values, self.labels, label)
        # Palette or grey of 8 bits: what stands in the file is what was read. Colours were looked up.
        stored = labels is values and values.dtype == np.uint8 and data.startswith(PNG)
        return Truth(labels, data if stored else None)


def value_labels(classes: int, first: int, background: bool, ignored: Iterable[int]) -> dict[int, int]:
    """Says what the values of a mask mean whose classes are numbered without a gap.

    Args:
        classes: How many there are.
        first: The value of the first class.
        background: Whether value 0 is background.
        ignored: Values of unknown pixels.
    """
    labels = {0: 0} if background else {}
    labels |= {first + index: index + 1 for index in range(classes)}
    return labels | dict.fromkeys(ignored, ignore_value(classes))


def relabel(values: NDArray[np.integer], labels: Mapping[int, int], label: str) -> NDArray[np.integer]:
    """Turns values into labels of the same shape: `values` itself where they are labels already, else int32.

    Args:
        values: What the mask file holds, integer [H, W].
        labels: What each value means.
        label: What the file is called in errors.

    Raises:
        UserError: If a value means nothing.
    """
    if _are_labels(values, labels):
        return values
    table = np.full(max(labels) + 2, -1, np.int32)
    table[list(labels)] = list(labels.values())
    # The last entry catches what lies outside; negative numbers, too, are large ones without their sign.
    found = table.take(values.astype(np.uint32), mode="clip")
    if (wrong := np.unique(values[found < 0])).size:
        raise UserError(
            f"{label} holds {', '.join(map(str, wrong[:5]))}, outside the class list ({_known(labels)}). Mend the"
            " mask, or list the class."
        )
    return found


def _are_labels(values: NDArray[np.integer], labels: Mapping[int, int]) -> bool:
    """Whether 8-bit values are labels as they stand: 0..n, and 255 = ignored. This is felt beside decoding."""
    same = values.dtype == np.uint8 and all(value == meant for value, meant in labels.items())
    # One more than 255 is 0 in 8 bits, so that what is known is 0..n + 1.
    in_a_row = sorted((value + 1) % 256 for value in labels) == [*range(len(labels))]
    return bool(same and in_a_row and (values + np.uint8(1)).max() < len(labels))


def _known(labels: Mapping[int, int]) -> str:
    """Names the values in words, such as "0..20, and 255 = ignore"; the ignored ones are those of the highest label."""
    top = max(labels.values())
    ignored = sorted(value for value in labels if labels[value] == top and top in (255, 65535))
    listed = sorted(set(labels) - set(ignored))
    return f"{ranges(listed)}, and {ranges(ignored)} = ignore" if ignored else ranges(listed)


def ranges(values: Sequence[int]) -> str:
    """Writes sorted numbers as ranges, such as "0..3, 7"."""
    known = set(values)
    starts = [value for value in values if value - 1 not in known]
    ends = [value for value in values if value + 1 not in known]
    return ", ".join(str(start) if start == end else f"{start}..{end}" for start, end in zip(starts, ends, strict=True))
