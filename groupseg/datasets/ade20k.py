"""The layout of ADE20K's scene parsing benchmark: ADEChallengeData2016."""

from groupseg.datasets.labelled import Item, LabelledFiles
from groupseg.datasets.layout import official_splits, pairs_in
from groupseg.datasets.masks import MaskFiles, value_labels
from groupseg.datasets.names import class_list
from groupseg.sources.tree import Tree


def read_ade20k(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of ADE20K with its 150 classes (Zhou et al., CVPR 2017).

    validation (2,000 images) is the test split, and calib is drawn from training (20,210). Masks hold 1..150 = classes,
    and 0 = whatever else, which is ignored: there is no background.

    Args:
        tree: In which ADEChallengeData2016/ lies somewhere.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.

    Raises:
        UserError: If a folder is missing, an image has no mask, or a mask no image.
    """

    def pairs(part: str) -> dict[str, Item]:
        return pairs_in(
            tree, "ADEChallengeData2016", (f"images/{part}/", "", ".jpg"), (f"annotations/{part}/", "", ".png")
        )

    classes = class_list("ade20k")
    labels = value_labels(len(classes), first=1, background=False, ignored=[0])
    train = {} if calib is None else pairs("training")
    splits = official_splits(pairs("validation"), train, calib, seed)
    return LabelledFiles(tree, classes, False, splits, MaskFiles(labels))
