"""The layout of Cityscapes: leftImg8bit and gtFine."""

from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.layout import ImageMaskPairs, find_root, pairs_in
from groupseg.datasets.meaning import Meaning
from groupseg.datasets.names import class_list
from groupseg.datasets.published import Published, read_published
from groupseg.datasets.sample import ignore_value
from groupseg.datasets.switches import reader
from groupseg.sources.tree import Tree

# The ids of the 19 classes that are evaluated, in the order of their train ids (cityscapesscripts, helpers/labels.py).
_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)


@reader
def read_cityscapes(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of Cityscapes with its 19 evaluated classes (Cordts et al., CVPR 2016).

    val (500 images) is the test split, and calib is drawn from train (2,975). The masks are *_gtFine_labelIds.png; the
    ids of 0..33 that are not evaluated are ignored: there is no background. Where a list of classes lies beside
    leftImg8bit/, the classes are those of the list.

    Args:
        tree: In which leftImg8bit/ and gtFine/ lie somewhere.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.

    Raises:
        UserError: If a folder is missing, an image has no mask, or a mask no image.
    """

    def pairs(part: str) -> ImageMaskPairs:
        images = (f"leftImg8bit/{part}/", "_leftImg8bit", {".png"})
        return pairs_in(tree, "Cityscapes", images, (f"gtFine/{part}/", "_gtFine_labelIds", {".png"}))

    classes = class_list("cityscapes")
    ignored = dict.fromkeys(range(34), ignore_value(len(classes)))
    labels = ignored | {value: index + 1 for index, value in enumerate(_IDS)}
    # City, sequence and frame, in the folder of the city.
    published = Published("Cityscapes", "val", "train", r"\w+/\w+_\d{6}_\d{6}", Meaning(classes, False, labels))
    root = find_root(tree, "leftImg8bit/val/", "Cityscapes", {".png"})
    return read_published(tree, root, calib, seed, published, pairs)
