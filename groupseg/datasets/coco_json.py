"""COCO's JSON: images, categories, and annotations whose shapes are painted into masks."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypeVar

from pydantic import Field, FiniteFloat, PositiveInt, StringConstraints, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from groupseg.datasets.labelled import Item, LabelledFiles
from groupseg.datasets.layout import find_root, official_splits
from groupseg.datasets.names import class_list, draw, repeated
from groupseg.datasets.shapes import Drawing, Painter, Segmentation, Shape, area
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

T = TypeVar("T")
Id = int | str
_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

# Of an image, in pixels; Pillow refuses larger ones.
_LARGEST = 178_956_970


class _Image(TypedDict):
    id: Id
    file_name: _Text
    height: PositiveInt
    width: PositiveInt


class _Category(TypedDict):
    id: int
    name: _Text


class _Annotation(TypedDict):
    id: Id
    image_id: Id
    category_id: int
    segmentation: Segmentation
    area: NotRequired[FiniteFloat]
    iscrowd: NotRequired[Annotated[int, Field(ge=0, le=1)]]


class _Coco(TypedDict):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]


def read_coco_json(tree: Tree, calib: float | None, seed: int, annotations: str) -> LabelledFiles:
    """Finds the images of one's own that a JSON in the format of COCO describes.

    Shapes may be polygons, or run lengths, packed or not. They are painted from the largest to the smallest, crowds
    (`iscrowd`) beneath all others, so that where shapes overlap the smaller one is seen. What no shape covers is
    background, and no pixel is ignored. Classes are the categories in the order of their ids.

    Args:
        tree: Where the JSON lies, and the images by their `file_name`, in whatever folder.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.
        annotations: The JSON, such as "annotations/instances.json".

    Raises:
        UserError: If the JSON is missing, is none of that format, has an id twice or two categories of one name, or
            speaks of an image or a category that is not there.
    """
    classes, items = _read(tree, annotations)
    drawn = [] if calib is None else draw(list(items), calib, seed)
    test = [items[name] for name in items if name not in set(drawn)]
    calibration = {} if calib is None else {"calib": [items[name] for name in drawn]}
    return LabelledFiles(tree, classes, True, {**calibration, "test": test}, Painter())


def read_coco_instances(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of COCO with the 80 things of its instances rendered into masks, and background.

    Published numbers of COCO-Object are measured on other masks, those of `read_coco_object`: here overlaps are ordered
    by size (`read_coco_json` says how), there by the annotators of COCO-Stuff.

    val2017 (instances_val2017.json, 5,000 images) is the test split, and calib is drawn from train2017.

    Args:
        tree: In which annotations/ and the images lie.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.

    Raises:
        UserError: As `read_coco_json`, or if the categories are not COCO's.
    """
    parts = ["val2017"] if calib is None else ["val2017", "train2017"]
    items: dict[str, dict[str, Item]] = {"train2017": {}}
    for part in parts:
        file = f"annotations/instances_{part}.json"
        name = find_root(tree, file, "COCO") + file
        classes, items[part] = _read(tree, name)
        if classes != class_list("coco_object"):
            raise UserError(
                f"{tree.where(name)} has other categories than COCO's 80. Read it as coco_json, or fetch it again."
            )
    splits = official_splits(items["val2017"], items["train2017"], calib, seed)
    return LabelledFiles(tree, class_list("coco_object"), True, splits, Painter())


def parse_json(adapter: TypeAdapter[T], data: bytes, label: str) -> T:
    """Reads JSON of a known form; keys that are not asked for are passed over.

    Raises:
        UserError: If it is no JSON, or of another form; the first fault.
    """
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # Behind the third step stands which form of a shape was tried.
        place = ".".join(map(str, fault["loc"][:3]))
        raise UserError(f"{label}: {place + ': ' if place else ''}{fault['msg']}. Mend the JSON there.") from error


_ADAPTER: TypeAdapter[_Coco] = TypeAdapter(_Coco)


def _read(tree: Tree, name: str) -> tuple[tuple[str, ...], dict[str, Item]]:
    """Returns the classes and the images of a JSON, by name and sorted by it."""
    label = tree.where(name)
    data = parse_json(_ADAPTER, tree.read(name), label)
    for key, called in (("images", "image"), ("categories", "category"), ("annotations", "annotation")):
        entries: Sequence[Any] = data[key]  # type: ignore[literal-required]
        if twice := repeated(str(entry["id"]) for entry in entries):
            raise UserError(f"{label}: {called} id {twice[0]} is there more than once. Give each its own.")
    categories = sorted(data["categories"], key=lambda category: category["id"])
    if not categories:
        raise UserError(f"{label} names no category. List them under `categories`.")
    if twice := repeated(category["name"] for category in categories):
        raise UserError(f"{label}: two categories are called {twice[0]!r}. Rename one, or give both one id.")
    labels = {category["id"]: index + 1 for index, category in enumerate(categories)}
    for image in data["images"]:
        if image["height"] * image["width"] > _LARGEST:
            raise UserError(f"{label}: image {image['file_name']} has more than {_LARGEST:,} pixels. Mend its size.")
    files = find_images(tree, [image["file_name"] for image in data["images"]], label)
    shapes = _shapes(data, labels, label)
    items: dict[str, Item] = {}
    for image in data["images"]:
        file = _plain(image["file_name"])
        stem = file.rpartition(".")[0] or file
        drawing = Drawing(image["height"], image["width"], shapes[image["id"]])
        if (other := items.setdefault(stem, Item(stem, files[image["file_name"]], drawing))).truth is not drawing:
            raise UserError(f"{label}: {other.image} and {image['file_name']} share a name. Rename one.")
    return tuple(category["name"] for category in categories), dict(sorted(items.items()))


def _shapes(data: _Coco, labels: Mapping[int, int], label: str) -> dict[Id, list[Shape]]:
    """Returns the shapes of each image, by its id, in the order in which they are painted."""
    images = {image["id"]: image for image in data["images"]}
    found: dict[Id, list[tuple[bool, float, Shape]]] = {key: [] for key in images}
    for annotation in data["annotations"]:
        name = f"{label}: annotation {annotation['id']}"
        if (image := images.get(annotation["image_id"])) is None:
            raise UserError(f"{name} is of image {annotation['image_id']}, which is not under `images`. List it there.")
        if annotation["category_id"] not in labels:
            raise UserError(
                f"{name} is of category {annotation['category_id']}, which is not under `categories`. List it there."
            )
        shape = Shape(labels[annotation["category_id"]], annotation["segmentation"], f"{name} ({image['file_name']})")
        size = annotation.get("area", 0) or area(shape.segmentation, image["height"], image["width"], shape.name)
        found[annotation["image_id"]].append((not annotation.get("iscrowd", 0), -size, shape))
    # Sorting is stable: of equals, the later one in the file is painted over the earlier.
    return {key: [entry[2] for entry in sorted(parts, key=lambda entry: entry[:2])] for key, parts in found.items()}


def find_images(tree: Tree, files: Iterable[str], label: str) -> dict[str, str]:
    """Returns the name in the tree of each image that a JSON names by the end of its path.

    Args:
        tree: Where to look.
        files: As the JSON names them.
        label: What the JSON is called in errors.

    Raises:
        UserError: If an image is not there, or in several folders.
    """
    by_file: dict[str, list[str]] = {}
    for name in tree.names():
        by_file.setdefault(_plain(name).rpartition("/")[2], []).append(name)
    found = {}
    for file in files:
        wanted = f"/{_plain(file)}"
        places = [name for name in by_file.get(wanted.rpartition("/")[2], []) if f"/{_plain(name)}".endswith(wanted)]
        if len(places) != 1:
            where = f"in {' and '.join(places[:2])}" if places else f"nowhere in {tree.label}"
            raise UserError(f"{label}: image {file} is {where}. Add the file, or say in `file_name` where it lies.")
        found[file] = places[0]
    return found


def _plain(name: str) -> str:
    """Brings a path into one form: slashes of Unix, and accents composed, which macOS takes apart."""
    return unicodedata.normalize("NFC", name.replace("\\", "/").removeprefix("./"))
