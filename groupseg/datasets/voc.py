"""The layout of PASCAL VOC: JPEGImages, SegmentationClass, ImageSets/Segmentation."""

from collections.abc import Sequence
from pathlib import Path

from groupseg.datasets.labelled import LabelledFiles, Pair
from groupseg.datasets.names import VOC_CLASSES, check_disjoint, draw, read_lines
from groupseg.errors import UserError


def read_voc(folder: Path, calib: float, seed: int) -> LabelledFiles:
    """Finds the images of VOC 2012: val.txt is the test split, and calib is drawn from train.txt.

    Masks are palette PNGs read as indices: 0 = background, 1..20 = `VOC_CLASSES`, 255 = ignore.

    Args:
        folder: Such as VOCdevkit/VOC2012.
        calib: How many images of train.txt, or which share of them if below 1.
        seed: Of the draw.

    Raises:
        UserError: If a folder, list, image or mask is missing, or the lists overlap.
    """
    for part in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        if not (folder / part).is_dir():
            raise UserError(
                f"{folder / part} is missing: no VOC layout lies there. Mend source.path or run.folder in params.yaml."
            )
    lists = folder / "ImageSets" / "Segmentation"
    check_disjoint(lists / "train.txt", lists / "val.txt")
    calibration = draw(read_lines(lists / "train.txt"), calib, seed)
    splits = {"calib": _pairs(folder, calibration), "test": _pairs(folder, read_lines(lists / "val.txt"))}
    return LabelledFiles(VOC_CLASSES, True, splits)


def _pairs(folder: Path, names: Sequence[str]) -> list[Pair]:
    pairs = []
    for name in names:
        pair = Pair(name, folder / "JPEGImages" / f"{name}.jpg", folder / "SegmentationClass" / f"{name}.png")
        for path in (pair.image, pair.mask):
            if not path.is_file():
                raise UserError(f"{path} is missing. Add it, or take {name} out of ImageSets/Segmentation.")
        pairs.append(pair)
    return pairs
