"""Finding the files of a known layout in a tree, however deep it lies there."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from groupseg.datasets.labelled import Item
from groupseg.datasets.names import draw
from groupseg.errors import UserError
from groupseg.sources.tree import Tree


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
        raise UserError(f"{tree.label} holds {part} in {folders}. Name one of them in source.path.")
    return found.pop()


def files_below(tree: Tree, folder: str, suffixes: Collection[str], ending: str = "") -> dict[str, str]:
    """Returns the files in a folder and below it, by what identifies them, sorted.

    Args:
        tree: Where to look.
        folder: With a slash at its end.
        suffixes: Of the files, lower case, such as {".jpg"}.
        ending: What the names end with before the suffix, and which does not identify them; others are passed over.

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
        key = unicodedata.normalize("NFC", stem.removeprefix(folder).removesuffix(ending))
        if (other := found.setdefault(key, name)) != name:
            raise UserError(f"{tree.where(other)} and {tree.where(name)} share a name, and so a mask. Rename one.")
    return dict(sorted(found.items()))


def paired(tree: Tree, images: Mapping[str, str], masks: Mapping[str, str]) -> dict[str, Item]:
    """Puts images and masks of the same name together, in the order of `images`.

    Raises:
        UserError: If an image has no mask, or a mask no image.
    """
    for name, image in images.items():
        if name not in masks:
            raise UserError(f"{tree.where(image)} has no mask. Add the mask {name}.png, or take the image away.")
    for name, mask in masks.items():
        if name not in images:
            raise UserError(f"{tree.where(mask)} is the mask of no image. Add the image {name}, or take the mask away.")
    return {name: Item(name, image, masks[name]) for name, image in images.items()}


def pairs_in(tree: Tree, layout: str, images: tuple[str, str, str], masks: tuple[str, str, str]) -> dict[str, Item]:
    """Puts the images of one folder and the masks of another together, wherever in the tree they lie.

    Args:
        tree: Where to look.
        layout: What the layout is called in errors.
        images: The folder with a slash at its end, the end of the names in it, and their suffix, such as
            ("leftImg8bit/val/", "_leftImg8bit", ".png").
        masks: The same of the masks.

    Raises:
        UserError: If a folder is missing or there twice, an image has no mask, or a mask no image.
    """
    files = []
    for folder, ending, suffix in (images, masks):
        root = find_root(tree, folder, layout, {suffix})
        files.append(files_below(tree, root + folder, {suffix}, ending))
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
    return {"calib": [train[name] for name in draw(list(train), calib, seed)], "test": list(test.values())}


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
