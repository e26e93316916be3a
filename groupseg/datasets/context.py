"""PASCAL Context: the images of VOC 2010, and their shapes in trainval_merged.json."""

from collections import defaultdict
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, TypeAdapter
from typing_extensions import TypedDict

from groupseg.datasets.coco_format import parse_json
from groupseg.datasets.labelled import Item, LabelledFiles, Unmatched
from groupseg.datasets.layout import ImageMaskPairs, files_below, find_root, official_splits, paired
from groupseg.datasets.located import find_images
from groupseg.datasets.masks import MaskFiles, value_labels
from groupseg.datasets.names import class_list, read_lines, repeated
from groupseg.datasets.sample import ignore_value
from groupseg.datasets.shapes import Drawing, Painter, Segmentation, Shape
from groupseg.datasets.switches import reader
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

# What the JSON calls the 59 classes, in the order of `lists/context.txt`; 0 is background.
_IDS = (
    2, 9, 18, 19, 22, 23, 25, 31, 33, 34, 44, 45, 46, 59, 65, 68, 72, 80, 85, 98, 104, 105, 113, 115, 144, 158,
    159, 162, 187, 189, 207, 220, 232, 258, 259, 260, 284, 295, 296, 308, 324, 326, 347, 349, 354, 355, 360,
    366, 368, 397, 415, 416, 420, 424, 427, 440, 445, 454, 458,
)  # fmt: skip


_LISTS = "ImageSets/SegmentationContext/"


class _Image(TypedDict):
    image_id: int
    file_name: Annotated[str, Field(min_length=1)]
    phase: Literal["train", "val", "test"]
    height: Annotated[PositiveInt, Field(le=10_000)]
    width: Annotated[PositiveInt, Field(le=10_000)]


class _Annotation(TypedDict):
    image_id: int
    category_id: int
    segmentation: Segmentation


class _Merged(TypedDict):
    images: list[_Image]
    annos_segmentation: list[_Annotation]


_ADAPTER: TypeAdapter[_Merged] = TypeAdapter(_Merged)


@reader
def read_context(tree: Tree, calib: float | None, seed: int, background: bool = True) -> LabelledFiles:
    """Finds the images of PASCAL Context (Mottaghi et al., CVPR 2014) with its 59 most frequent classes.

    Masks are those of mmsegmentation's tools/dataset_converters/pascal_context.py, which it makes with the detail API
    (Detail.getMask): the shapes of an image are painted in the order of the file, each over those before it, and the
    ids are then numbered as the classes are. What has another id, or no shape, is background.

    The test split is phase `val` of the JSON, 5,104 images, on which numbers are published; calib is drawn from its
    phase `train`, 4,996. The 5,105 and 4,998 of older papers are the lists of the data set's first release. Masks
    rebuilt from the .mat files of that release, with 459 classes, are other masks.

    Where mmsegmentation's conversion lies (ImageSets/SegmentationContext/, SegmentationClassContext/), that is read
    instead; it holds the same masks.

    Args:
        tree: In which trainval_merged.json and the images of VOC 2010 lie somewhere.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.
        background: Whether background counts. Without, it is ignored (Context59).

    Raises:
        UserError: If the JSON or an image is missing, an image is in it twice, or a shape is none.
    """
    if any(f"/{_LISTS}val.txt" in f"/{name}" for name in tree.names()):
        return _converted(tree, calib, seed, background)
    name = find_root(tree, "trainval_merged.json", "PASCAL Context") + "trainval_merged.json"
    label = tree.where(name)
    data = parse_json(_ADAPTER, tree.read(name), label)
    if twice := repeated(str(image["image_id"]) for image in data["images"]):
        raise UserError(f"{label}: image id {twice[0]} is there more than once. Give each its own.")
    classes = class_list("context")
    shapes = _shapes(data["annos_segmentation"], label)
    items: dict[str, dict[str, Item]] = {phase: {} for phase in ("val", "train", "test")}
    images = [image for image in data["images"] if image["phase"] in (["val"] if calib is None else ["val", "train"])]
    files = find_images(tree, [image["file_name"] for image in images], label)
    for image in sorted(images, key=lambda image: image["file_name"]):
        stem = image["file_name"].rpartition(".")[0]
        drawing = Drawing(image["height"], image["width"], shapes[image["image_id"]])
        items[image["phase"]][stem] = Item(stem, files[image["file_name"]], drawing)
    painter = Painter(0 if background else ignore_value(len(classes)))
    return LabelledFiles(tree, classes, background, official_splits(items["val"], items["train"], calib, seed), painter)


def _converted(tree: Tree, calib: float | None, seed: int, background: bool) -> LabelledFiles:
    """Reads the masks that mmsegmentation has made: 0 = background, then the classes in their order."""
    root = find_root(tree, f"{_LISTS}val.txt", "PASCAL Context of mmsegmentation")
    images = files_below(tree, f"{root}JPEGImages/", {".jpg"})
    masks = files_below(tree, f"{root}SegmentationClassContext/", {".png"})

    def pairs(part: str) -> ImageMaskPairs:
        names = read_lines(tree, f"{root}{_LISTS}{part}.txt")
        pictures = {name: images.get(name, f"{root}JPEGImages/{name}.jpg") for name in names}
        return paired(tree, pictures, {name: masks[name] for name in names if name in masks})

    test = pairs("val")
    train = ImageMaskPairs({}, Unmatched()) if calib is None else pairs("train")
    classes = class_list("context")
    labels = value_labels(len(classes), 1, background, [255] if background else [0, 255])
    splits = official_splits(test.items, train.items, calib, seed)
    unmatched = test.unmatched + train.unmatched
    return LabelledFiles(tree, classes, background, splits, MaskFiles(labels), unmatched=unmatched)


def _shapes(annotations: list[_Annotation], label: str) -> defaultdict[int, list[Shape]]:
    """Returns the shapes of each image, by its id, in their order."""
    labels = {category: index + 1 for index, category in enumerate(_IDS)}
    shapes: defaultdict[int, list[Shape]] = defaultdict(list)
    for index, annotation in enumerate(annotations):
        name = f"{label}: annos_segmentation.{index}"
        shapes[annotation["image_id"]].append(
            Shape(labels.get(annotation["category_id"], 0), annotation["segmentation"], name)
        )
    return shapes
