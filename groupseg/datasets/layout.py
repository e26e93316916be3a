"""Finding the files of a known layout in a tree, however deep it lies there."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from groupseg.datasets.labelled import Item, Unmatched
from groupseg.datasets.names import draw_names
from groupseg.datasets.notes import counted
from groupseg.datasets.pictures import SUFFIXES
from groupseg.datasets.texts import is_text
from groupseg.errors import NamedFault, UserError
from groupseg.sources.tree import Folder, Tree


def find_root(tree: Tree, part: str, layout: str, suffixes: Collection[str] = ()) -> str:
    """Returns what stands before `part` in the names of a tree: "", or a folder with a slash at its end.

    Args:
        tree: Where to look.
        part: What the layout always has: a file such as "ImageSets/Segmentation/val.txt", or a folder with a slash at
            its end, such as "images/validation/".
        layout: What the layout is called in errors.
        suffixes: The files, lower case, by which the folder is known, such as {".jpg"}; none for any.

    Raises:
        UserError: If it is not there, or in several folders.
    """
    found = set()
    for name in tree.names():
        above, inside, below = f"/{name}".partition(f"/{part}")
        if inside and bool(below) == part.endswith("/") and (not suffixes or _suffix(name) in suffixes):
            found.add(f"{above}/".removeprefix("/"))
    if not found:
        raise UserError(
            f"{tree.label} holds no {part}{' and in it no ' if suffixes else ''}{' or '.join(sorted(suffixes))}: no"
            f" {layout} lies there. Mend source.path or run.folder in params.yaml."
        )
    if len(found) > 1:
        folders = " and in ".join(folder or "." for folder in sorted(found)[:2])
        how = "Name" if isinstance(tree, Folder) else "Unpack it, and name"
        raise UserError(f"{tree.label} holds {part} in {folders}. {how} one of them in source.path.")
    return found.pop()


def files_below(
    tree: Tree, folder: str, suffixes: Collection[str], ending: str = "", others: tuple[str, ...] = ()
) -> dict[str, str]:
    """Returns the files in a folder and below it, by what identifies them, sorted; names must be UTF-8.

    Args:
        tree: Where to look.
        folder: With a slash at its end.
        suffixes: Of the files, lower case, such as {".jpg"}.
        ending: What the names end with before the suffix, and which does not identify them; others are passed over.
        others: Endings of files that are something else, and are passed over.

    Returns:
        For each path below the folder, without `ending` and suffix and with accents composed (macOS takes them apart),
        the name in the tree.

    Raises:
        UserError: If two files would share what identifies them.
    """
    found: dict[str, str] = {}
    for name in tree.names():
        stem = name.removesuffix(PurePosixPath(name).suffix)
        if not name.startswith(folder) or _suffix(name) not in suffixes or not stem.endswith(ending):
            continue
        if not is_text(name) or (others and stem.endswith(others)):
            continue
        key = unicodedata.normalize("NFC", stem.removeprefix(folder).removesuffix(ending))
        if (other := found.setdefault(key, name)) != name:
            raise UserError(
                f"{tree.where(other)} and {tree.where(name)} share a name, and so a mask. Rename one and give it its"
                " own, or take it away."
            )
    return dict(sorted(found.items()))


# A folder with a slash at its end, the end of the names in it, and their suffixes.
_Place = tuple[str, str, Collection[str]]


class ImageMaskPairs(NamedTuple):
    """Images with their masks, by name and sorted by it, and what has no counterpart."""

    items: dict[str, Item]
    unmatched: Unmatched


def paired(tree: Tree, images: Mapping[str, str], masks: Mapping[str, str]) -> ImageMaskPairs:
    """Puts images and masks of the same name together, in the order of `images`.

    Raises:
        UserError: If there are images and masks, but none of one name.
    """
    bare = tuple(tree.where(image) for name, image in images.items() if name not in masks)
    lone = tuple(tree.where(mask) for name, mask in masks.items() if name not in images)
    names = tuple(tree.where(name) for name in tree.names() if not is_text(name) and _suffix(name) in SUFFIXES)
    items = {name: Item(name, image, masks[name]) for name, image in images.items() if name in masks}
    if images and not items:
        first = f", but for example {lone[0]}" if lone else ""
        raise NamedFault(
            f"{tree.label}: no image has a mask of its name: {counted(len(bare), 'image')}, such as {bare[0]},"
            f" {counted(len(lone), 'mask')}{first}. Give each mask the name of its image.",
            bare + lone,
        )
    return ImageMaskPairs(items, Unmatched(bare, lone, names=names))


def pairs_in(tree: Tree, layout: str, images: _Place, masks: _Place, others: tuple[str, ...] = ()) -> ImageMaskPairs:
    """Puts the images of one folder and the masks of another together, wherever in the tree they lie.

    Args:
        tree: Where to look.
        layout: What the layout is called in errors.
        images: The folder with a slash at its end, the end of the names in it, and their suffixes, such as
            ("leftImg8bit/val/", "_leftImg8bit", {".png"}).
        masks: The same of the masks.
        others: As for `files_below`, of the masks.

    Raises:
        UserError: If a folder is missing or there twice.
    """
    files = []
    for (folder, ending, suffixes), passed_over in ((images, ()), (masks, others)):
        root = find_root(tree, folder, layout, suffixes)
        files.append(files_below(tree, root + folder, suffixes, ending, passed_over))
    return paired(tree, *files)


def official_splits(
    test: Mapping[str, Item], train: Mapping[str, Item], calib: float | None, seed: int
) -> dict[str, Sequence[Item]]:
    """Returns the splits of a data set that comes with its own: all of `test`, and `calib` images drawn from `train`.

    Args:
        test: The images to be judged on, by name.
        train: The images to calibrate on, by name.
        calib: How many of them, or which share if below 1; None for none.
        seed: Of the draw.

    Raises:
        UserError: If more are asked for than there are.
    """
    if calib is None:
        return {"test": list(test.values())}
    return {"calib": [train[name] for name in draw_names(list(train), calib, seed)], "test": list(test.values())}


def drawn_splits(items: Mapping[str, Item], calib: float | None, seed: int) -> dict[str, Sequence[Item]]:
    """Returns the splits of a data set that comes with none: `calib` images drawn from all, the others are `test`.

    Args:
        items: All images, by name.
        calib: How many to calibrate on, or which share if below 1; None for none.
        seed: Of the draw.

    Raises:
        UserError: If more are asked for than there are.
    """
    drawn = set() if calib is None else set(draw_names(list(items), calib, seed))
    calibration = {} if calib is None else {"calib": [items[name] for name in sorted(drawn)]}
    return {**calibration, "test": [items[name] for name in items if name not in drawn]}


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
