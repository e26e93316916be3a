"""The layout of PASCAL VOC: JPEGImages, SegmentationClass, ImageSets/Segmentation; and SBD's further labels."""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.io

from groupseg.datasets.labelled import Item, LabelledFiles, Truth, Unmatched
from groupseg.datasets.layout import ImageMaskPairs, drawn_splits, files_below, find_root, official_splits, paired
from groupseg.datasets.masks import MaskFiles, relabel, value_labels
from groupseg.datasets.meaning import Meaning, own_or_published, without_background
from groupseg.datasets.names import check_disjoint, class_list, read_lines
from groupseg.datasets.pictures import SUFFIXES, Palette
from groupseg.datasets.switches import reader
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

_LIST = "ImageSets/Segmentation/"
# VOC's own, and that of labelme2voc before version 5.
_MASKS = ("SegmentationClassPNG/", "SegmentationClass/")
# What the list of the images to be judged is called, the first before the others.
_VAL = ("val", "valid", "validation", "test")


@reader
def read_voc(
    tree: Tree, calib: float | None, seed: int, background: bool = True, augmented: bool = False
) -> LabelledFiles:
    """Finds the images of VOC 2012: val.txt (1,449) is the test split, and calib is drawn from train.txt (1,464).

    Masks are palette PNGs read as indices: 0 = background, 1..20 = classes, 255 = the rim of objects, ignored. Masks
    that were saved as colours are read by the palette of VOC.

    With `augmented`, calib is drawn from trainaug instead, the 10,582 images that methods train on: train.txt, and what
    SBD (Hariharan et al., ICCV 2011) labels beyond train.txt and val.txt (9,118). Those have no ignored rim. The images
    are VOC's all the same.

    Tools export one's own classes in this layout: where a list of classes lies beside JPEGImages/, it says which they
    are. Pictures may be of any kind. Where there is no val.txt, calib is drawn from the images of all lists,
    or from all images where there is no list.

    Args:
        tree: In which VOC2012/ lies somewhere, and with `augmented` SBD's benchmark_RELEASE/ too.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.
        background: Whether 0 is background. Without, it is ignored (VOC20).
        augmented: Whether SBD's labels are drawn from too.

    Raises:
        UserError: If a folder, list, image or mask is missing, or the lists overlap.
    """
    found = _Voc(tree, _root(tree))
    names = found.names(trained=calib is not None)
    pairs = {part: found.pairs(names[part]) for part in names}
    if augmented:
        beyond = find_root(tree, "dataset/cls/", "SBD (benchmark.tgz)", {".mat"}) + "dataset/"
        further = {name for part in ("train", "val") for name in read_lines(tree, f"{beyond}{part}.txt")}
        rest = sorted(further.difference(*names.values()))
        pairs["sbd"] = found.pairs(rest, f"{beyond}cls/", ".mat")
    items = {part: pairs[part].items for part in pairs}
    classes = class_list("voc")
    means = Meaning(classes, True, value_labels(len(classes), 1, True, [255]), voc_palette())
    means = own_or_published(
        tree, found.root, means, "PASCAL VOC", [name for part in items.values() for name in part], r"\d{4}_\d{6}"
    )
    masks = VocMasks(means.labels, means.palette, by_colour=means.classes != classes)
    if not background:
        means = without_background(means)
        masks = replace(masks, labels=means.labels)
    if "val" in items:
        train = items.get("train", {}) | items.get("sbd", {})
        splits = official_splits(items["val"], train, calib, seed)
    else:
        splits = drawn_splits(items["all"], calib, seed)
    unmatched = sum((part.unmatched for part in pairs.values()), Unmatched())
    return LabelledFiles(
        tree, means.classes, means.background, splits, masks, own=means.own, unmatched=unmatched, notes=means.notes
    )


def _root(tree: Tree) -> str:
    """Returns what stands before the folders of the layout."""
    if any(f"/{_LIST}" in f"/{name}" for name in tree.names()):
        lists = sorted({f"/{name}".partition(f"/{_LIST}")[2] for name in tree.names()} - {""})
        return find_root(tree, f"{_LIST}{'val.txt' if 'val.txt' in lists or not lists else lists[0]}", "VOC layout")
    if any("/JPEGImages/" in f"/{name}" for name in tree.names()):
        return find_root(tree, "JPEGImages/", "VOC layout")
    return find_root(tree, f"{_LIST}val.txt", "VOC layout")


@dataclass(frozen=True)
class _Voc:
    """The folders of the layout."""

    tree: Tree
    root: str

    @cached_property
    def images(self) -> dict[str, str]:
        """All pictures, by name."""
        return files_below(self.tree, f"{self.root}JPEGImages/", SUFFIXES)

    @cached_property
    def masks(self) -> str:
        """The folder of the masks."""
        there = [self.root + part for part in _MASKS if any(f.startswith(self.root + part) for f in self.tree.names())]
        return there[0] if there else f"{self.root}{_MASKS[-1]}"

    def names(self, trained: bool) -> dict[str, list[str]]:
        """Returns the names in val.txt, or whatever it is called, and train.txt; else all that there are, as `all`."""
        start = f"{self.root}{_LIST}"
        files = [name for name in self.tree.names() if name.startswith(start) and name.endswith(".txt")]
        lists = {name.removeprefix(start).removesuffix(".txt").lower(): name for name in files}
        if val := next((name for name in _VAL if name in lists), None):
            parts = {"val": lists[val]}
            if trained:
                parts = {"train": lists.get("train", f"{start}train.txt"), **parts}
            names = {part: self._listed(file) for part, file in parts.items()}
            if trained:
                check_disjoint(names["train"], names["val"], *map(self.tree.where, parts.values()))
            return names
        if lists:
            return {"all": sorted({name for file in lists.values() for name in self._listed(file)})}
        return {"all": sorted({*self.images, *files_below(self.tree, self.masks, {".png"})})}

    def pairs(self, names: Sequence[str], masks: str = "", suffix: str = ".png") -> ImageMaskPairs:
        """Puts pictures and masks of some names together; what has neither counts as a picture without a mask."""
        there = files_below(self.tree, masks or self.masks, {suffix})
        pictures = {name: self.images.get(name, f"{self.root}JPEGImages/{name}") for name in names}
        known = {name: file for name, file in pictures.items() if name in self.images or name not in there}
        return paired(self.tree, known, {name: there[name] for name in names if name in there})

    def _listed(self, file: str) -> list[str]:
        return [unicodedata.normalize("NFC", name) for name in read_lines(self.tree, file)]


@dataclass(frozen=True)
class VocMasks(MaskFiles):
    """Decodes masks of VOC, and those of SBD, which are MATLAB files."""

    def __call__(self, tree: Tree, item: Item) -> Truth:
        """Returns the labels of an item.

        Raises:
            UserError: If the mask is missing, damaged, or holds a value without a label.
        """
        if not item.truth.endswith(".mat"):
            return super().__call__(tree, item)
        label, file = tree.where(item.truth), io.BytesIO(tree.read(item.truth))
        try:
            data = scipy.io.loadmat(file)  # type: ignore[arg-type]  # the stubs know no open file
            values = data["GTcls"]["Segmentation"][0, 0]
        except Exception as error:  # scipy lets out whatever a broken file provokes
            raise UserError(
                f"{label} cannot be read as a mask of SBD (GTcls.Segmentation): {error}. Fetch it again."
            ) from error
        return Truth(relabel(np.asarray(values, np.int32), self.labels, label))


def voc_palette() -> Palette:
    """Returns the colours of the values 0..20 and 255 in VOC's masks.

    Bits 0, 1, 2 of the value are the highest bits of red, green, blue, bits 3, 4, 5 the next, and so on
    (VOCcode/VOClabelcolormap.m of the development kit).
    """
    colours = {}
    for value in (*range(21), 255):
        bits = [[(value >> 3 * step + channel & 1) << 7 - step for step in range(3)] for channel in range(3)]
        red, green, blue = map(sum, bits)
        colours[red << 16 | green << 8 | blue] = value
    return colours
