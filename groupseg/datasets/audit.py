"""What stands out once the images of a data set were read: classes in nothing, unknown pixels, shapes unseen."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from groupseg.datasets.labelled import LabelledFiles, Remark
from groupseg.datasets.masks import MaskFiles
from groupseg.datasets.notes import NAMED, Note, counted
from groupseg.errors import UserError, printable
from groupseg.io.files import write_json

# Of all pixels: so many unknown ones are more than the rim of objects.
_MUCH = 0.2


@dataclass(frozen=True, eq=False)
class Counts:
    """What some images hold.

    Attributes:
        images: How many there are.
        pixels: How many pixels each label has, int64 [classes + 1].
        holding: How many images hold each label, and last how many hold unknown pixels, int64 [classes + 2].
        ignored: How many pixels are unknown.
        remarks: On images and shapes.
    """

    images: int
    pixels: NDArray[np.int64]
    holding: NDArray[np.int64]
    ignored: int
    remarks: Sequence[Remark]

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.images + other.images,
            self.pixels + other.pixels,
            self.holding + other.holding,
            self.ignored + other.ignored,
            (*self.remarks, *other.remarks),
        )


def write_findings(path: Path, folder: Path, files: LabelledFiles, splits: Mapping[str, Counts]) -> list[str]:
    """Says what stands out in a data set, a line each, and writes all of it with the images and pixels of each label.

    Args:
        path: The file that is written.
        folder: Where that will lie.
        files: The data set.
        splits: What was counted in each split; at least one.

    Returns:
        What stands out, a sentence each.

    Raises:
        UserError: If no pixel is of a class.
    """
    first, *rest = splits.values()
    notes = [*files.notes, *stands_out(files, sum(rest, first))]
    told = [{"text": note.text, "names": [printable(name) for name in note.names]} for note in notes]
    write_json(path, {"labels": _labels(files, splits), "notes": told})
    for note in notes:
        more = f" (all in {folder / path.name})" if len(note.names) > NAMED else ""
        tqdm.write(f"{folder.name}: {note}{more}", file=sys.stderr)
    return [printable(str(note)) for note in notes]


def stands_out(files: LabelledFiles, counts: Counts) -> Iterator[Note]:
    """Yields what the owner of some images should know of them.

    Raises:
        UserError: If no pixel is of a class, so that there is nothing to judge.
    """
    if not counts.pixels[1:].any():
        raise UserError(
            f"{files.tree.label}: no pixel is of a class; of {counted(counts.images, 'image')} {counts.holding[0]:,}"
            f" hold background, {counts.holding[-1]:,} unknown pixels.{_unknown(files)} Else mend masks or list."
        )
    missing = [files.classes[index] for index in np.flatnonzero(counts.pixels[1:] == 0)]
    if missing:
        remedy = "mend the masks or the list of classes" if isinstance(files.decode, MaskFiles) else "draw them"
        number = counted(len(files.classes), "class")
        text = f"{len(missing)} of {number} in no image, and so in no mean. If images show them, {remedy}:"
        yield Note(text, tuple(missing))
    if files.background and not counts.pixels[0]:
        yield Note(
            "background is in no image. If there is none, take it out of the list of classes, and begin each line with"
            f" its value, such as 1: {files.classes[0]}"
        )
    much = counts.ignored > _MUCH * (counts.ignored + counts.pixels.sum())
    if counts.holding[-1] == counts.images and (missing or files.own or (much and files.background)):
        yield Note(f"unknown pixels are in every image.{_unknown(files)}")
    yield from _remarked(files, counts)


def _unknown(files: LabelledFiles) -> str:
    """Says how the value of unknown pixels becomes a class, where masks hold values."""
    if not isinstance(files.decode, MaskFiles):
        return ""
    labels = files.decode.labels
    value = min(value for value in labels if labels[value] == max(labels.values()))
    line = f"{value}: {files.classes[0]}"
    return f" If {value} is a class, begin each line of the list of classes with its value, such as {line}."


def _remarked(files: LabelledFiles, counts: Counts) -> Iterator[Note]:
    """Yields what was remarked on images and shapes, all of a kind together."""
    kinds: tuple[Literal["turned", "empty", "covered"], ...] = ("turned", "empty", "covered")
    turned, empty, covered = (tuple(one.name for one in counts.remarks if one.kind == kind) for kind in kinds)
    if turned and files.exif_transpose_masks:
        yield Note(f"{counted(len(turned), 'image')} turned by the EXIF orientation, and the masks with them:", turned)
    elif turned:
        yield Note(
            f"{counted(len(turned), 'image')} turned by the EXIF orientation, the masks left as they are. If these were"
            " drawn on the pictures as they are stored, set source.exif_transpose_masks: true. They are:",
            turned,
        )
    if empty:
        yield Note(
            f"{counted(len(empty), 'shape')} with no pixel, or hardly any for its area or box. Draw larger outlines, in"
            " pixels, for:",
            empty,
        )
    if covered:
        yield Note(
            f"{counted(len(covered), 'shape')} wholly covered by smaller ones of other classes, and not seen. Cut or"
            " take out what covers:",
            covered,
        )


def _labels(files: LabelledFiles, splits: Mapping[str, Counts]) -> dict[str, Any]:
    """Returns how many images and pixels hold each label in each split."""
    names = ["background"] * files.background + list(files.classes)
    return {
        name: {
            split: {"images": int(counts.holding[label]), "pixels": int(counts.pixels[label])}
            for split, counts in splits.items()
        }
        for label, name in enumerate(names, start=0 if files.background else 1)
    }
