"""The layout of PASCAL VOC: JPEGImages, SegmentationClass, ImageSets/Segmentation; and SBD's further labels."""

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.io

from groupseg.datasets.labelled import Item, LabelledFiles, Truth
from groupseg.datasets.layout import find_root, official_splits
from groupseg.datasets.masks import MaskFiles, relabel, value_labels
from groupseg.datasets.names import check_disjoint, class_list, read_lines
from groupseg.datasets.pictures import Palette
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

_LIST = "ImageSets/Segmentation/"


def read_voc(
    tree: Tree, calib: float | None, seed: int, background: bool = True, augmented: bool = False
) -> LabelledFiles:
    """Finds the images of VOC 2012: val.txt (1,449) is the test split, and calib is drawn from train.txt (1,464).

    Masks are palette PNGs read as indices: 0 = background, 1..20 = classes, 255 = the rim of objects, ignored. Masks
    that were saved as colours are read by the palette of VOC.

    With `augmented`, calib is drawn from trainaug instead, the 10,582 images that methods train on: train.txt, and what
    SBD (Hariharan et al., ICCV 2011) labels beyond train.txt and val.txt (9,118). Those have no ignored rim. The images
    are VOC's all the same.

    Args:
        tree: In which VOC2012/ lies somewhere, and with `augmented` SBD's benchmark_RELEASE/ too.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.
        background: Whether 0 is background. Without, it is ignored (VOC20).
        augmented: Whether SBD's labels are drawn from too.

    Raises:
        UserError: If a folder, list, image or mask is missing, or the lists overlap.
    """
    root = find_root(tree, f"{_LIST}val.txt", "VOC layout")
    names = {part: read_lines(tree, f"{root}{_LIST}{part}.txt") for part in ("train", "val")}
    check_disjoint(names["train"], names["val"], *(tree.where(f"{root}{_LIST}{part}.txt") for part in names))
    items = {part: _items(tree, root, names[part], f"{root}SegmentationClass/", ".png") for part in names}
    if augmented:
        beyond = find_root(tree, "dataset/cls/", "SBD (benchmark.tgz)", {".mat"}) + "dataset/"
        further = {name for part in ("train", "val") for name in read_lines(tree, f"{beyond}{part}.txt")}
        rest = sorted(further.difference(*names.values()))
        items["train"] |= _items(tree, root, rest, f"{beyond}cls/", ".mat")
    classes = class_list("voc")
    labels = value_labels(len(classes), 1, background, [255] if background else [0, 255])
    splits = official_splits(items["val"], items["train"], calib, seed)
    return LabelledFiles(tree, classes, background, splits, VocMasks(labels, voc_palette()))


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


def _items(tree: Tree, root: str, names: Iterable[str], masks: str, suffix: str) -> dict[str, Item]:
    items = {}
    for name in names:
        items[name] = Item(name, f"{root}JPEGImages/{name}.jpg", f"{masks}{name}{suffix}")
        for file in (items[name].image, items[name].truth):
            if file not in tree:
                raise UserError(f"{tree.where(file)} is missing. Add it, or take {name} out of the lists.")
    return items
