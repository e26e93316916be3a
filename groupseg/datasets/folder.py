"""The layout of one's own data: images/, masks/, classes.txt, and splits/ and palette.txt if one likes."""

import re
from collections.abc import Mapping

from groupseg.datasets.labelled import Item, LabelledFiles
from groupseg.datasets.layout import files_below, find_root, paired
from groupseg.datasets.masks import MaskFiles, value_labels
from groupseg.datasets.names import check_disjoint, draw, read_classes, read_lines
from groupseg.datasets.pictures import SUFFIXES, Palette
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

_COLOUR = re.compile(r"(?:(\d+) *= *)?(?:#([0-9a-fA-F]{6})|(\d{1,3})[ ,]+(\d{1,3})[ ,]+(\d{1,3}))")


def read_folder(tree: Tree, calib: float | None, seed: int, ignore: int | None = None) -> LabelledFiles:
    """Finds the images of a plain folder, or of an archive of one.

    images/ holds pictures (in sub-folders too), masks/ a PNG of the same name for each, and classes.txt one
    class a line: line i names mask value i. If the first line is `background`, value 0 is background; else
    there is none. splits/calib.txt and splits/test.txt list names (the path below images/, without its ending); what is
    not listed is drawn. palette.txt says what colours mean in masks that were saved as colours: line i is the colour
    of value i, "#80ff00" or "128 255 0"; a line may name its value, such as "255 = #ffffff".

    Args:
        tree: Where these lie.
        calib: How many of the images that splits/test.txt does not name, or which share of them if below 1;
            unused where splits/calib.txt is there. None for none: all images, or those of splits/test.txt, are judged.
        seed: Of the draw.
        ignore: The value of unknown pixels: one above the class list, or 0 in the place of background. None for 255,
            or 65535 where 255 is a class.

    Raises:
        UserError: If a folder, list, image or mask is missing, a list is faulty, or the splits overlap.
    """
    root = find_root(tree, "classes.txt", "labelled folder (images/, masks/, classes.txt)")
    classes, background = read_classes(tree, f"{root}classes.txt")
    items = _items(tree, root)
    labels = _labels(len(classes), background, ignore, tree.where(f"{root}classes.txt"))
    colours = f"{root}palette.txt"
    palette = _palette(read_lines(tree, colours), labels, tree.where(colours)) if colours in tree else None
    splits = {
        split: [items[name] for name in names] for split, names in _splits(tree, root, items, calib, seed).items()
    }
    return LabelledFiles(tree, classes, background and ignore != 0, splits, MaskFiles(labels, palette))


def _items(tree: Tree, root: str) -> dict[str, Item]:
    """Returns every image with its mask, by name, sorted."""
    images = files_below(tree, f"{root}images/", SUFFIXES)
    if not images:
        raise UserError(
            f"{tree.where(f'{root}images')} holds no image. Put pictures there ({', '.join(sorted(SUFFIXES))})."
        )
    return paired(tree, images, files_below(tree, f"{root}masks/", {".png"}))


def _labels(classes: int, background: bool, ignore: int | None, label: str) -> dict[int, int]:
    """Says what the values of the masks mean."""
    listed = classes + background
    ignored = ignore if ignore is not None else 255 if listed <= 255 else 65535
    if ignored < listed and not (ignored == 0 and background):
        raise UserError(
            f"source.ignore: {ignored} is a class, line {ignored + 1} of {label}. Choose a value from {listed} on, or 0"
            " where the first line is background."
        )
    return value_labels(classes, first=int(background), background=background, ignored=[ignored])


def _palette(lines: list[str], labels: Mapping[int, int], label: str) -> Palette:
    """Reads what colours mean."""
    palette: dict[int, int] = {}
    for line, text in enumerate(lines):
        found = _COLOUR.fullmatch(text)
        rgb = [int(part) for part in found.groups()[2:] if part is not None] if found else []
        if not found or max(rgb, default=0) > 255:
            raise UserError(f"{label}: line {line + 1} is no colour: {text!r}. Write it as #80ff00 or 128 255 0.")
        value = int(found[1] or line)
        code = int(found[2], 16) if found[2] else rgb[0] << 16 | rgb[1] << 8 | rgb[2]
        if value not in labels:
            raise UserError(
                f"{label}: line {line + 1} is for value {value}, which is no class. Take it out, or list it."
            )
        if code in palette:
            raise UserError(f"{label}: #{code:06x} stands for {palette[code]} and {value}. Give each its own colour.")
        palette[code] = value
    return palette


def _splits(tree: Tree, root: str, items: Mapping[str, Item], calib: float | None, seed: int) -> dict[str, list[str]]:
    """Returns the names of each split: as listed, else drawn from what the other list leaves."""
    lists = {split: f"{root}splits/{split}.txt" for split in ("calib", "test")}
    listed = {split: read_lines(tree, name) for split, name in lists.items() if name in tree}
    for split, names in listed.items():
        if unknown := [name for name in names if name not in items]:
            raise UserError(
                f"{tree.where(lists[split])}: {unknown[0]!r} names no image in {tree.where(f'{root}images')}. List"
                " paths below it without their ending."
            )
    if calib is None:
        if "calib" in listed:
            raise UserError(
                f"{tree.where(lists['calib'])} lists images to calibrate on, but source.crossfit calibrates on the test"
                " images. Take out one of the two."
            )
        return {"test": listed.get("test", list(items))}
    if len(listed) == 2:
        check_disjoint(listed["calib"], listed["test"], *(tree.where(name) for name in lists.values()))
    if "calib" not in listed:
        rest = [name for name in items if name not in listed.get("test", ())]
        listed["calib"] = draw(rest, calib, seed)
    if "test" not in listed:
        listed["test"] = [name for name in items if name not in listed["calib"]]
    return listed
