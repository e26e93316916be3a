"""COCO by the pixel maps of COCO-Stuff (stuffthingmaps_trainval2017.zip), which published numbers are measured on.

Their values are category ids less one: 0..89 things, 91..181 stuff, 255 unlabelled (Caesar et al., CVPR 2018). Eleven
of the ids were never given out.
"""

from collections.abc import Mapping, Sequence

from groupseg.datasets.labelled import Item, LabelledFiles
from groupseg.datasets.layout import official_splits, pairs_in
from groupseg.datasets.masks import MaskFiles
from groupseg.datasets.names import class_list
from groupseg.datasets.sample import ignore_value
from groupseg.sources.tree import Tree

_NEVER_GIVEN = {11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90}
_THINGS = tuple(value for value in range(90) if value not in _NEVER_GIVEN)
_STUFF = tuple(range(91, 182))


def read_coco_object(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of COCO-Object: 80 things and background.

    All stuff and all that is unlabelled is background, so that no pixel is ignored: the conversion of GroupViT
    (convert_dataset/convert_coco_object.py), whose files end with _instanceTrainIds.png, and of TCL and SCLIP.
    val2017 (5,000 images) is the test split, and calib is drawn from train2017 (118,287).

    Args:
        tree: In which a folder val2017/ of images and one of maps lie somewhere, and with `calib` such a train2017/.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.

    Raises:
        UserError: If a folder is missing, an image has no map, or a map no image.
    """
    labels = dict.fromkeys([*range(182), 255], 0) | _numbered(_THINGS)
    return _read(tree, calib, seed, class_list("coco_object"), labels, background=True)


def read_coco_stuff(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of COCO-Stuff 164k: 80 things and 91 kinds of stuff, no background, unlabelled ignored.

    The classes stand in the order of mmsegmentation's _labelTrainIds.png, which is that of the ids. Splits, arguments
    and errors are those of `read_coco_object`.
    """
    classes = class_list("coco_stuff")
    labels = {255: ignore_value(len(classes))} | _numbered(_THINGS + _STUFF)
    return _read(tree, calib, seed, classes, labels, background=False)


def _numbered(values: Sequence[int]) -> dict[int, int]:
    return {value: index + 1 for index, value in enumerate(values)}


def _read(
    tree: Tree, calib: float | None, seed: int, classes: tuple[str, ...], labels: Mapping[int, int], background: bool
) -> LabelledFiles:
    def pairs(part: str) -> dict[str, Item]:
        return pairs_in(tree, "COCO with stuffthingmaps", (f"{part}/", "", ".jpg"), (f"{part}/", "", ".png"))

    train = {} if calib is None else pairs("train2017")
    return LabelledFiles(
        tree, classes, background, official_splits(pairs("val2017"), train, calib, seed), MaskFiles(labels)
    )
