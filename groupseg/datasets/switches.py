"""What every reader can be told: to leave out files without a counterpart, and how masks lie."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from groupseg.datasets.labelled import LabelledFiles, Unmatched
from groupseg.datasets.notes import Note, counted, some
from groupseg.errors import NamedFault, printable
from groupseg.sources.tree import Tree

Read = Callable[..., LabelledFiles]


def reader(read: Read) -> Read:
    """Gives a reader two switches.

    `skip_unmatched`: whether images without a mask, and masks without an image, are left out; else they are refused.
    `exif_transpose_masks`: whether masks were drawn on the pictures as they are stored, and so are turned with them.
    """

    @wraps(read)
    def switched(
        tree: Tree,
        calib: float | None,
        seed: int,
        *arguments: Any,
        skip_unmatched: bool = False,
        exif_transpose_masks: bool = False,
        **options: Any,
    ) -> LabelledFiles:
        files = read(tree, calib, seed, *arguments, **options)
        found = _sentences(files.unmatched)
        if found and not skip_unmatched:
            raise NamedFault(
                f"{tree.label}: {'; '.join(text for text, _ in found)}. Add or rename what is"
                " meant, or set source.skip_unmatched: true, which leaves all of these out.",
                files.unmatched.all,
            )
        left_out = [Note(f"left out: {text}", names) for text, names in found]
        return replace(files, exif_transpose_masks=exif_transpose_masks, notes=(*files.notes, *left_out))

    return switched


def _sentences(unmatched: Unmatched) -> list[tuple[str, tuple[str, ...]]]:
    """Says how many there are of each kind and names some; with all of them."""
    parts = (
        (unmatched.images, "image", "no mask"),
        (unmatched.masks, "mask", "no image"),
        (unmatched.listed, "listed image", "no file"),
        (unmatched.names, "file", "a name that is not UTF-8"),
    )
    return [
        (
            f"{printable(names[0])} has {lacks}"
            if len(names) == 1
            else f"{counted(len(names), thing)} have {lacks}, such as {some(names)}",
            names,
        )
        for names, thing, lacks in parts
        if names
    ]
