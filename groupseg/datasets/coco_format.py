"""JSON in the format of COCO: what stands in it, however the tool that wrote it writes numbers."""

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired, TypeVar

from pydantic import Field, PositiveInt, StringConstraints, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from groupseg.datasets.names import repeated
from groupseg.datasets.notes import some
from groupseg.datasets.shapes import Segmentation
from groupseg.datasets.texts import decode_text, encoding_of
from groupseg.errors import NamedFault, UserError
from groupseg.io.files import stand_in

T = TypeVar("T")

# 7, 7.0 and "7" are one id: what can be read as a number is one.
Id = Annotated[int | str, Field(union_mode="left_to_right")]
_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

# Of an image, in pixels; Pillow refuses larger ones.
_LARGEST = 178_956_970


class CocoImage(TypedDict):
    """An image."""

    id: Id
    file_name: _Text
    height: PositiveInt
    width: PositiveInt


class Category(TypedDict):
    """A class; `supercategory` is what it belongs to."""

    id: Id
    name: _Text
    supercategory: NotRequired[str | None]


class Annotation(TypedDict):
    """A shape on an image; `area` is in pixels, and `bbox` x, y, width, height, or whatever the tool writes."""

    id: Id
    image_id: Id
    category_id: Id
    segmentation: NotRequired[Segmentation | None]
    area: NotRequired[float | None]
    bbox: NotRequired[Any]
    iscrowd: NotRequired[Annotated[int, Field(ge=0, le=1)] | None]


class Coco(TypedDict):
    """A file."""

    images: list[CocoImage]
    categories: list[Category]
    annotations: list[Annotation]


_ADAPTER: TypeAdapter[Coco] = TypeAdapter(Coco)


def parse_json(adapter: TypeAdapter[T], data: bytes, label: str) -> T:
    """Reads JSON of a known form, saved as UTF-8, UTF-16 or UTF-32; keys that are not asked for are passed over.

    Raises:
        UserError: If it is no JSON, or of another form; the first fault.
    """
    if what := stand_in(data):
        raise UserError(f"{label} {what}.")
    try:
        return adapter.validate_json(data if encoding_of(data) == "utf-8" else decode_text(data, label))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # Behind the third step stands which form of a shape was tried.
        place = ".".join(map(str, fault["loc"][:3]))
        raise UserError(f"{label}: {place + ': ' if place else ''}{fault['msg']}. Mend the JSON there.") from error


def parse_coco(data: bytes, label: str) -> Coco:
    """Reads a file and holds its ids against each other.

    Args:
        data: The file.
        label: What it is called in errors.

    Raises:
        UserError: If an id is there twice, an annotation is of an image or a category that is not there or has no
            shape, or there is no category.
    """
    coco = parse_json(_ADAPTER, data, label)
    for key, called in (("images", "image"), ("categories", "category"), ("annotations", "annotation")):
        entries: Sequence[Any] = coco[key]  # type: ignore[literal-required]
        if twice := repeated(entry["id"] for entry in entries):
            raise UserError(f"{label}: {called} id {twice[0]} is there more than once. Give each its own.")
    if not coco["categories"]:
        raise UserError(f"{label} names no category. List them under `categories`.")
    for image in coco["images"]:
        if image["height"] * image["width"] > _LARGEST:
            raise UserError(f"{label}: image {image['file_name']} has more than {_LARGEST:,} pixels. Mend its size.")
    _check_annotations(coco, label)
    return coco


def _check_annotations(coco: Coco, label: str) -> None:
    images = {image["id"]: image["file_name"] for image in coco["images"]}
    categories = {category["id"] for category in coco["categories"]}
    for annotation in coco["annotations"]:
        name = f"{label}: annotation {annotation['id']}"
        if annotation["image_id"] not in images:
            raise UserError(f"{name} is of image {annotation['image_id']}, which is not under `images`. List it there.")
        if annotation["category_id"] not in categories:
            raise UserError(
                f"{name} is of category {annotation['category_id']}, which is not under `categories`. List it there."
            )
    bare = [
        f"annotation {one['id']} ({images[one['image_id']]})"
        for one in coco["annotations"]
        if not one.get("segmentation")
    ]
    if bare:
        verb = "has" if len(bare) == 1 else "have"
        raise NamedFault(
            f"{label}: {some(bare)} {verb} no segmentation. Draw the outline, or take the annotation out: a box is no"
            " mask.",
            bare,
        )
