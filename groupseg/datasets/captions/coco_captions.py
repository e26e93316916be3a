"""COCO captions: five sentences an image, written by people who saw it (Chen et al., arXiv 1504.00325)."""

import hashlib
from dataclasses import dataclass

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from groupseg.datasets.captions.corpus import CaptionedFiles, encode
from groupseg.datasets.coco_format import parse_json
from groupseg.datasets.entry import Entry
from groupseg.datasets.layout import find_root
from groupseg.datasets.located import find_images
from groupseg.datasets.names import repeated
from groupseg.errors import UserError
from groupseg.sources.tree import Tree


class _Image(TypedDict):
    id: int
    file_name: str


class _Annotation(TypedDict):
    id: int
    image_id: int
    caption: str


class _Captions(TypedDict):
    images: list[_Image]
    annotations: list[_Annotation]


_ADAPTER: TypeAdapter[_Captions] = TypeAdapter(_Captions)


@dataclass(frozen=True)
class CaptionItem:
    """An image and the one of its captions that it is trained with."""

    image: str
    caption: str


@dataclass(frozen=True)
class CaptionReader:
    """Reads the items of a tree."""

    tree: Tree

    def __call__(self, item: CaptionItem) -> Entry:
        """Encodes an image; raises UserError if it is missing or damaged, or its caption empty."""
        name = item.image.rpartition(".")[0]
        return encode(name, self.tree.read(item.image), self.tree.where(item.image), item.caption)


def read_coco_captions(tree: Tree, annotations: str, images: int | None, seed: int) -> CaptionedFiles:
    """Finds the images that a JSON in the format of COCO captions describes.

    One caption of each image is drawn, as pairs of image and text are what is trained on. What is drawn follows from
    hashes of seed and id: another number of images moves none of the others.

    Args:
        tree: Where the JSON lies, and the images by their `file_name`, in whatever folder.
        annotations: The JSON, such as "annotations/captions_train2017.json".
        images: How many are drawn; None for all.
        seed: Of the draws.

    Raises:
        UserError: If the JSON is missing or of another form, has an id twice, or speaks of an image that is not there;
            or if more images are asked for than have a caption.
    """
    file = find_root(tree, annotations, "COCO captions") + annotations
    label = tree.where(file)
    data = parse_json(_ADAPTER, tree.read(file), label)
    captions = _captions(data, label)
    count = len(captions) if images is None else images
    if not captions or count > len(captions):
        raise UserError(f"{label}: {count} images asked for, but {len(captions)} have a caption. Lower `images`.")
    drawn = sorted(sorted(captions, key=lambda image: _chance(seed, image))[:count])
    names = {image["id"]: image["file_name"] for image in data["images"]}
    files = find_images(tree, [names[image] for image in drawn], label)
    items = [
        CaptionItem(files[names[image]], captions[image][_chance(seed, image, "caption") % len(captions[image])])
        for image in drawn
    ]
    return CaptionedFiles(items, CaptionReader(tree), len(items))


def _captions(data: _Captions, label: str) -> dict[int, list[str]]:
    """Returns the captions of each image that has any, by its id, in the order of their own ids."""
    for called, ids in (
        ("image", [image["id"] for image in data["images"]]),
        ("annotation", [annotation["id"] for annotation in data["annotations"]]),
    ):
        if twice := repeated(map(str, ids)):
            raise UserError(f"{label}: {called} id {twice[0]} is there more than once. Give each its own.")
    known = {image["id"] for image in data["images"]}
    found: dict[int, list[str]] = {}
    for annotation in sorted(data["annotations"], key=lambda annotation: annotation["id"]):
        if annotation["image_id"] not in known:
            raise UserError(
                f"{label}: annotation {annotation['id']} is of image {annotation['image_id']}, which is not under"
                " `images`. List it there."
            )
        found.setdefault(annotation["image_id"], []).append(annotation["caption"])
    return found


def _chance(*of: int | str) -> int:
    return int.from_bytes(hashlib.sha256(" ".join(map(str, of)).encode()).digest())
