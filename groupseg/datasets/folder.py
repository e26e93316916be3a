"""The layout of one's own data: images/, masks/, classes.txt, and splits/ if one likes."""

from pathlib import Path

from groupseg.datasets.labelled import LabelledFiles, Pair
from groupseg.datasets.names import check_disjoint, draw, read_classes, read_lines
from groupseg.datasets.pictures import SUFFIXES
from groupseg.errors import UserError


def read_folder(folder: Path, calib: float, seed: int) -> LabelledFiles:
    """Finds the images of a plain folder.

    images/ holds pictures (in sub-folders too), masks/ a PNG of the same name for each, and classes.txt one
    class a line: line i names mask value i. If the first line is `background`, value 0 is background; else
    there is none. 255 is ignored. splits/calib.txt and splits/test.txt list names (the path below images/,
    without its ending); what is not listed is drawn.

    Args:
        folder: Where these lie.
        calib: How many of the images that splits/test.txt does not name, or which share of them if below 1;
            unused where splits/calib.txt is there.
        seed: Of the draw.

    Raises:
        UserError: If a folder, list, image or mask is missing, a list is faulty, or the splits overlap.
    """
    for part in ("images", "masks"):
        if not (folder / part).is_dir():
            raise UserError(f"{folder / part} is missing. Mend source.path or run.folder in params.yaml.")
    classes, background = read_classes(folder / "classes.txt")
    pairs = _pairs(folder)
    splits = _splits(folder, pairs, calib, seed)
    return LabelledFiles(
        classes, background, {split: [pairs[name] for name in names] for split, names in splits.items()}
    )


def _pairs(folder: Path) -> dict[str, Pair]:
    """Returns every image with its mask, by name, sorted."""
    pairs: dict[str, Pair] = {}
    for image in sorted((folder / "images").rglob("*")):
        if image.suffix.lower() not in SUFFIXES or image.name.startswith("."):
            continue
        name = image.relative_to(folder / "images").with_suffix("").as_posix()
        if name in pairs:
            raise UserError(f"{pairs[name].image} and {image} share a name, and so a mask. Rename one.")
        pairs[name] = Pair(name, image, folder / "masks" / f"{name}.png")
        if not pairs[name].mask.is_file():
            raise UserError(f"{pairs[name].mask} is missing. Add the mask, or take {image} away.")
    return pairs


def _splits(folder: Path, pairs: dict[str, Pair], calib: float, seed: int) -> dict[str, list[str]]:
    """Returns the names of each split: as listed, else drawn from what the other list leaves."""
    lists = {split: folder / "splits" / f"{split}.txt" for split in ("calib", "test")}
    listed = {split: read_lines(path) for split, path in lists.items() if path.is_file()}
    for split, names in listed.items():
        if unknown := [name for name in names if name not in pairs]:
            raise UserError(
                f"{lists[split]}: {unknown[0]!r} names no image in {folder / 'images'}. List paths below it"
                " without their ending."
            )
    if len(listed) == 2:
        check_disjoint(lists["calib"], lists["test"])
    if "calib" not in listed:
        rest = [name for name in pairs if name not in listed.get("test", ())]
        listed["calib"] = draw(rest, calib, seed)
    if "test" not in listed:
        listed["test"] = [name for name in pairs if name not in listed["calib"]]
    return listed
