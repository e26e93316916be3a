"""The layout of ADE20K's scene parsing benchmark: ADEChallengeData2016."""

from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.layout import ImageMaskPairs, find_root, pairs_in
from groupseg.datasets.masks import value_labels
from groupseg.datasets.meaning import Meaning
from groupseg.datasets.names import class_list
from groupseg.datasets.published import Published, read_published
from groupseg.datasets.switches import reader
from groupseg.sources.tree import Tree

_LAYOUT = "ADEChallengeData2016"


@reader
def read_ade20k(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of ADE20K with its 150 classes (Zhou et al., CVPR 2017).

    validation (2,000 images) is the test split, and calib is drawn from training (20,210). Masks hold 1..150 = classes,
    and 0 = whatever else, which is ignored: there is no background. Where a list of classes lies beside images/, the
    classes are those of the list.

    Args:
        tree: In which ADEChallengeData2016/ lies somewhere.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.

    Raises:
        UserError: If a folder is missing, an image has no mask, or a mask no image.
    """

    def pairs(part: str) -> ImageMaskPairs:
        return pairs_in(tree, _LAYOUT, (f"images/{part}/", "", {".jpg"}), (f"annotations/{part}/", "", {".png"}))

    classes = class_list("ade20k")
    means = Meaning(classes, False, value_labels(len(classes), first=1, background=False, ignored=[0]))
    published = Published("ADE20K", "validation", "training", r"ADE_(train|val)_\d{8}", means)
    root = find_root(tree, "images/validation/", _LAYOUT, {".jpg"})
    return read_published(tree, root, calib, seed, published, pairs)
