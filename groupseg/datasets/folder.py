"""The layout of one's own data: images/, masks/, classes.txt, and splits/ and palette.txt if one likes."""

import re
from collections.abc import Mapping

from groupseg.datasets.class_lists import ClassList, find_class_list, read_class_list
from groupseg.datasets.labelled import Item, LabelledFiles
from groupseg.datasets.layout import ImageMaskPairs, files_below, find_root, paired
from groupseg.datasets.masks import MaskFiles
from groupseg.datasets.meaning import meaning_of
from groupseg.datasets.names import check_disjoint, draw_names, read_lines
from groupseg.datasets.pictures import LOSSLESS, SUFFIXES, Palette
from groupseg.datasets.roboflow import roboflow_root
from groupseg.datasets.switches import reader
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

_COLOUR = re.compile(r"(?:(\d+) *= *)?(?:#([0-9a-fA-F]{6})|(\d{1,3})[ ,]+(\d{1,3})[ ,]+(\d{1,3}))")


@reader
def read_folder(tree: Tree, calib: float | None, seed: int, ignore: int | None = None) -> LabelledFiles:
    """Finds the images of a plain folder, or of an archive of one.

    images/ holds pictures (in sub-folders too), masks/ a PNG (or TIFF, BMP) of the same name for each, and classes.txt
    one class a line: line i names mask value i, unless each line begins with its value, "255: rock". If the first line
    is `background`, value 0 is background; else there is none. Lists of other tools are taken too
    (`groupseg.datasets.class_lists`). splits/calib.txt and splits/test.txt list names (the path below images/, without
    its ending); what is not listed is drawn. palette.txt says what colours mean in masks that were saved as colours:
    line i is the colour of value i, "#80ff00" or "128 255 0"; a line may name its value, such as "255 = #ffffff".

    The folders of Roboflow's masks are read too: train/, valid/ and test/, each with pictures, their masks
    (`_mask.png`) and `_classes.csv`. What is in train/ is drawn from, test/ or else valid/ is judged.

    Args:
        tree: Where these lie.
        calib: How many of the images that splits/test.txt does not name, or which share of them if below 1;
            unused where splits/calib.txt is there. None for none: all images, or those of splits/test.txt, are judged.
        seed: Of the draw.
        ignore: The value of unknown pixels: one that is no class, or 0 in the place of background. None for 255,
            or 65535 where 255 is a class.

    Raises:
        UserError: If a folder, list, image or mask is missing, a list is faulty, or the splits overlap.
    """
    if export := roboflow_root(tree):
        file, pairs, colours = export.classes, export.pairs(tree), None
        splits = export.splits(pairs.items, calib, seed)
    else:
        root, file = folder_list(tree)
        pairs, colours = folder_pairs(tree, root), f"{root}palette.txt"
        names = _splits(tree, root, pairs.items, calib, seed)
        splits = {split: [pairs.items[name] for name in names[split]] for split in names}
    listed = read_class_list(tree, file)
    _check_ignored(listed, ignore)
    means = meaning_of(listed, ignore)
    palette = means.palette
    if colours is not None and colours in tree:
        palette = _palette(read_lines(tree, colours), means.labels, tree.where(colours))
    masks = MaskFiles(means.labels, palette, by_colour=means.palette is not None)
    # Of a plain classes.txt nothing needs to be said.
    notes = means.notes if listed.notes or not file.endswith("classes.txt") else ()
    return LabelledFiles(
        tree, means.classes, means.background, splits, masks, own=means.own, unmatched=pairs.unmatched, notes=notes
    )


def folder_list(tree: Tree) -> tuple[str, str]:
    """Returns what stands before images/ and masks/, and the list of classes beside them.

    Raises:
        UserError: If there is no list of classes, or more than one folder of that kind.
    """
    roots = {
        f"{above}/".removeprefix("/")
        for name in tree.names()
        for above, inside, _ in (f"/{name}".partition(f"/{part}/") for part in ("images", "masks"))
        if inside
    }
    lists = {root: find_class_list(tree, root) or find_class_list(tree, f"{root}masks/") for root in sorted(roots)}
    found = [(root, file) for root, file in lists.items() if file]
    if len(found) == 1:
        return found[0]
    if len(roots) == 1 and not found:
        place = tree.where(f"{next(iter(roots))}classes.txt")
        raise UserError(f"{place} is missing. Write the classes in it, one a line: line i names value i, from 0 on.")
    root = find_root(tree, "classes.txt", "labelled folder (images/, masks/, classes.txt)")
    return root, f"{root}classes.txt"


def _check_ignored(listed: ClassList, ignore: int | None) -> None:
    """Raises UserError if the value of unknown pixels is a class."""
    if ignore in listed.values and not (ignore == 0 and listed.background):
        raise UserError(
            f"source.ignore: {ignore} is a class, line {listed.values.index(ignore) + 1} of {listed.label}. Choose a"
            f" value from {listed.values[-1] + 1} on, or 0 where the first line is background."
        )


def folder_pairs(tree: Tree, root: str) -> ImageMaskPairs:
    """Returns every image with its mask, by name, sorted.

    Raises:
        UserError: If there is no image, or two share a name.
    """
    images = files_below(tree, f"{root}images/", SUFFIXES)
    if not images:
        raise UserError(
            f"{tree.where(f'{root}images')} holds no image. Put pictures there ({', '.join(sorted(SUFFIXES))})."
        )
    return paired(tree, images, masks_below(tree, f"{root}masks/"))


def masks_below(tree: Tree, folder: str) -> dict[str, str]:
    """Returns the masks in a folder, by name: those without loss, else JPEGs, of which reading says what is wrong."""
    return files_below(tree, folder, LOSSLESS) or files_below(tree, folder, SUFFIXES)


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
        listed["calib"] = draw_names(rest, calib, seed)
    if "test" not in listed:
        listed["test"] = [name for name in items if name not in listed["calib"]]
    return listed
