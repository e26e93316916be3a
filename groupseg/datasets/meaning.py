"""What the values of masks mean: as the list beside them says, else as in the data set whose folders they lie in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from groupseg.datasets.class_lists import FILES, IGNORED, ClassList, find_class_list, read_class_list
from groupseg.datasets.notes import Note
from groupseg.datasets.pictures import Palette
from groupseg.datasets.sample import ignore_value
from groupseg.sources.tree import Tree


@dataclass(frozen=True)
class Meaning:
    """What the values of masks mean.

    Attributes:
        classes: Names without background.
        background: Whether there is background.
        labels: The label of each value.
        palette: The value of each colour, for masks that are coloured.
        own: Whether a list of one's own says so, and not which value is unknown.
        notes: What should be known of it.
    """

    classes: tuple[str, ...]
    background: bool
    labels: Mapping[int, int]
    palette: Palette | None = None
    own: bool = False
    notes: tuple[Note, ...] = ()


def meaning_of(listed: ClassList, ignore: int | None = None) -> Meaning:
    """Returns what a list says; `ignore` is the value of unknown pixels where it is not 255."""
    told = ignore is not None or any(line.name.casefold() in IGNORED for line in listed.lines)
    background = listed.background and ignore != 0
    found = Meaning(listed.classes, background, listed.labels(ignore), listed.palette, own=not told)
    notes = [Note(f"{listed.label}: {note}") for note in listed.notes]
    return replace(found, notes=(Note(f"the classes are those of {listed.label}: {_few(found)}"), *notes))


def own_or_published(
    tree: Tree, root: str, published: Meaning, called: str, names: Iterable[str], pattern: str
) -> Meaning:
    """Returns what a list in `root` says; without one what the published data set says, and whether that is a guess.

    Args:
        tree: Where the masks lie.
        root: The folder where a list of one's own would lie, "" or with a slash at its end.
        published: What holds without a list.
        called: The published data set, for the note.
        names: Of the images.
        pattern: What those of the published data set look like, in full.
    """
    # labels.txt lies beside COCO-Stuff too, and numbers its classes otherwise than its maps do.
    if file := find_class_list(tree, root, [file for file in FILES if called != "COCO" or file != "labels.txt"]):
        own = meaning_of(read_class_list(tree, file))
        if own.classes != published.classes:
            return own
    elif not all(re.fullmatch(pattern, name) for name in names):
        place = tree.where(f"{root}classes.txt")
        note = (
            f"no list of classes lies beside the masks, so they are taken for those of {called}: {_few(published)}. If"
            f" they are your own, write {place}: one name a line, line i for value i, from 0 on"
        )
        return replace(published, notes=(Note(note),))
    return published


def without_background(meaning: Meaning) -> Meaning:
    """Returns the same with background ignored."""
    unknown = ignore_value(len(meaning.classes))
    return replace(
        meaning, background=False, labels={value: label or unknown for value, label in meaning.labels.items()}
    )


def _few(meaning: Meaning) -> str:
    """Names the first few values."""
    named = {label: value for value, label in sorted(meaning.labels.items(), reverse=True)}
    parts = [f"{named[index + 1]} = {name}" for index, name in enumerate(meaning.classes[:3])]
    return ", ".join(parts) + (", ..." if len(meaning.classes) > 3 else "")
