"""COCO by the pixel maps of COCO-Stuff (stuffthingmaps_trainval2017.zip), which published numbers are measured on.

Their values are category ids less one: 0..89 things, 91..181 stuff, 255 unlabelled (Caesar et al., CVPR 2018). Eleven
of the ids were never given out.
"""

from collections.abc import Sequence

from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.layout import ImageMaskPairs, files_below, find_root, pairs_in
from groupseg.datasets.masks import value_labels
from groupseg.datasets.meaning import Meaning
from groupseg.datasets.names import class_list
from groupseg.datasets.published import Published, read_published
from groupseg.datasets.sample import ignore_value
from groupseg.datasets.switches import reader
from groupseg.sources.tree import Tree

_NEVER_GIVEN = {11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90}
_THINGS = tuple(value for value in range(90) if value not in _NEVER_GIVEN)
_STUFF = tuple(range(91, 182))

# What GroupViT and mmsegmentation write beside the maps, and which classes are numbered in it.
_OBJECT, _ALL = "_instanceTrainIds", "_labelTrainIds"


@reader
def read_coco_object(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of COCO-Object: 80 things and background.

    All stuff and all that is unlabelled is background, so that no pixel is ignored: the conversion of GroupViT
    (convert_dataset/convert_coco_object.py), whose files end with _instanceTrainIds.png, and of TCL and SCLIP. Where
    the maps themselves are missing, such files are read.
    val2017 (5,000 images) is the test split, and calib is drawn from train2017 (118,287).

    Args:
        tree: In which a folder val2017/ of images and one of maps lie somewhere, and with `calib` such a train2017/.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.

    Raises:
        UserError: If a folder is missing, an image has no map, or a map no image.
    """
    classes = class_list("coco_object")
    labels = dict.fromkeys([*range(182), 255], 0) | _numbered(_THINGS)
    converted = value_labels(len(classes), first=1, background=True, ignored=[255])
    return _read(tree, calib, seed, Meaning(classes, True, labels), Meaning(classes, True, converted), _OBJECT)


@reader
def read_coco_stuff(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of COCO-Stuff 164k: 80 things and 91 kinds of stuff, no background, unlabelled ignored.

    The classes stand in the order of mmsegmentation's _labelTrainIds.png, which is that of the ids; where the
    maps themselves are missing, those files are read. Splits, arguments and errors are those of `read_coco_object`.
    """
    classes = class_list("coco_stuff")
    labels = {255: ignore_value(len(classes))} | _numbered(_THINGS + _STUFF)
    converted = value_labels(len(classes), first=0, background=False, ignored=[255])
    return _read(tree, calib, seed, Meaning(classes, False, labels), Meaning(classes, False, converted), _ALL)


def _numbered(values: Sequence[int]) -> dict[int, int]:
    return {value: index + 1 for index, value in enumerate(values)}


def _read(tree: Tree, calib: float | None, seed: int, maps: Meaning, converted: Meaning, ending: str) -> LabelledFiles:
    """Reads the maps, or files with `ending` that were made from them."""
    layout = "COCO with stuffthingmaps"
    root = find_root(tree, "val2017/", layout, {".png"})
    whole = bool(files_below(tree, f"{root}val2017/", {".png"}, others=(_OBJECT, _ALL)))

    def pairs(part: str) -> ImageMaskPairs:
        masks = (f"{part}/", "" if whole else ending, {".png"})
        return pairs_in(tree, layout, (f"{part}/", "", {".jpg"}), masks, (_OBJECT, _ALL) if whole else ())

    published = Published("COCO", "val2017", "train2017", r"\d{12}", maps if whole else converted)
    # mmsegmentation's folders are images/val2017 and annotations/val2017.
    return read_published(tree, root.removesuffix("annotations/"), calib, seed, published, pairs)
