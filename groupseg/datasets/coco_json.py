"""Images with JSON in the format of COCO, whose shapes are painted into masks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from groupseg.datasets.coco_categories import category_labels, category_names, category_notes, root_categories
from groupseg.datasets.coco_format import Coco, Id, parse_coco
from groupseg.datasets.coco_shapes import Order, are_shares, by_size, crowds_first, in_pixels, ordered_shapes
from groupseg.datasets.labelled import Item, LabelledFiles, Unmatched
from groupseg.datasets.layout import drawn_splits, find_root, official_splits
from groupseg.datasets.located import Located, locate, plain_path
from groupseg.datasets.names import class_list
from groupseg.datasets.notes import Note, counted, some
from groupseg.datasets.pictures import SUFFIXES
from groupseg.datasets.shapes import Drawing, Painter
from groupseg.datasets.switches import reader
from groupseg.errors import NamedFault, UserError
from groupseg.sources.tree import Tree

# The folder that is judged where a JSON lies in several: the first of these that is there.
_JUDGED = ("test", "valid", "val")


@reader
def read_coco_json(tree: Tree, calib: float | None, seed: int, annotations: str) -> LabelledFiles:
    """Finds the images of one's own that a JSON in the format of COCO describes.

    Shapes may be polygons, or run lengths, packed or not. They are painted from the largest to the smallest, crowds
    (`iscrowd`) like all others, so that where shapes overlap the smaller one is seen. What no shape covers is
    background. Classes are the categories in the order of their ids; a root category that owns nothing and groups the
    others (Roboflow) is none, and neither are categories called background, or ignored, whose pixels are unknown
    (labelme2coco lists `_background_`).

    Where a JSON of that name lies in train/, valid/ and test/, as Roboflow writes them, test/ or else valid/ is judged,
    and calib is drawn from train/.

    Args:
        tree: Where the JSON lies, and the images by their `file_name`, in whatever folder.
        calib: How many images to calibrate on, or which share of them if below 1; None for none.
        seed: Of the draw.
        annotations: The JSON, such as "annotations/instances.json", or "_annotations.coco.json" in several folders.

    Raises:
        UserError: If the JSON is missing, is none of that format, has an id twice or two categories of one name, or
            speaks of an image or a category that is not there.
    """
    if annotations in tree:
        return _read_all(tree, {"": annotations}, calib, seed)
    names = [name for name in tree.names() if f"/{name}".endswith(f"/{annotations}")]
    parts = {PurePosixPath(name).parent.name: name for name in names}
    if len({PurePosixPath(name).parent.parent for name in names}) > 1:
        raise UserError(f"{tree.label} holds {some(names)}. Say in source.annotations which one is meant.")
    return _read_all(tree, parts or {"": annotations}, calib, seed)


def _read_all(tree: Tree, names: Mapping[str, str], calib: float | None, seed: int) -> LabelledFiles:
    """Reads the JSONs of some folders as one data set."""
    files = {part: parse_coco(tree.read(name), tree.where(name)) for part, name in names.items()}
    labels = {part: tree.where(name) for part, name in names.items()}
    roots = set.intersection(*(root_categories(coco) for coco in files.values()))
    first = next(iter(files))
    notes = [Note(f"{labels[first]}: {note}") for note in category_notes(files[first], roots)]
    classes: tuple[str, ...] = ()
    items: dict[str, dict[str, Item]] = {}
    missing: list[str] = []
    for part, coco in files.items():
        label = labels[part]
        if are_shares(coco):
            files[part] = coco = in_pixels(coco)
            notes.append(Note(f"{label}: all polygons lie within 0..1, and are taken for shares of width and height"))
        found = category_names(coco, label, roots)
        if classes and found != classes:
            raise UserError(f"{label} has other categories than {next(iter(labels.values()))}. Give both the same.")
        classes = found
        near = names[part].rpartition("/")[0]
        images = _Images(tree, label, f"{near}/" if near else "", f"{part}/" if part else "")
        items[part], said, lost = images.items(coco, category_labels(coco, roots), by_size)
        notes += said
        missing += lost
    judged = next((part for part in _JUDGED if part in items), None)
    if judged and "train" in items:
        splits = official_splits(items[judged], items["train"], calib, seed)
    else:
        together = dict(sorted((name, item) for part in items.values() for name, item in part.items()))
        splits = drawn_splits(together, calib, seed)
    painter = Painter(remarks=True)
    unmatched = Unmatched(listed=tuple(missing))
    return LabelledFiles(tree, classes, True, splits, painter, unmatched=unmatched, notes=tuple(notes))


@reader
def read_coco_instances(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    """Finds the images of COCO with the 80 things of its instances rendered into masks, and background.

    Published numbers of COCO-Object are measured on other masks, those of `read_coco_object`: here overlaps are ordered
    by size, crowds beneath all others, there by the annotators of COCO-Stuff.

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
    missing: list[str] = []
    for part in parts:
        file = f"annotations/instances_{part}.json"
        name = find_root(tree, file, "COCO") + file
        coco = parse_coco(tree.read(name), tree.where(name))
        if category_names(coco, tree.where(name)) != class_list("coco_object"):
            raise UserError(
                f"{tree.where(name)} has other categories than COCO's 80. Read it as coco_json, or fetch it again."
            )
        items[part], _, lost = _Images(tree, tree.where(name)).items(coco, category_labels(coco), crowds_first)
        missing += lost
    splits = official_splits(items["val2017"], items["train2017"], calib, seed)
    unmatched = Unmatched(listed=tuple(missing))
    return LabelledFiles(tree, class_list("coco_object"), True, splits, Painter(), unmatched=unmatched)


@dataclass(frozen=True)
class _Images:
    """The images of a JSON: where it lies, its folder, and what stands before the names of its images."""

    tree: Tree
    label: str
    near: str = ""
    before: str = ""

    def items(
        self, coco: Coco, labels: Mapping[Id, int], order: Order
    ) -> tuple[dict[str, Item], list[Note], list[str]]:
        """Returns the images by name and sorted by it, what should be known of them, and those that are missing."""
        located = locate(self.tree, [image["file_name"] for image in coco["images"]], self.label, self.near)
        self._check_listed_once(coco, located)
        shapes = ordered_shapes(coco, labels, self.label, order)
        guessed = {file for files in located.guessed.values() for file in files}
        items: dict[str, Item] = {}
        for image in coco["images"]:
            if (place := located.found.get(image["file_name"])) is None:
                continue
            file = plain_path(place if image["file_name"] in guessed else image["file_name"])
            name = self.before + (file.rpartition(".")[0] or file)
            item = Item(name, place, Drawing(image["height"], image["width"], shapes[image["id"]]))
            if (other := items.setdefault(name, item)) is not item:
                raise UserError(f"{self.label}: {other.image} and {image['file_name']} share a name. Rename one.")
        notes = [*located.notes(self.label), *self._notes(items, located)]
        return dict(sorted(items.items())), notes, [f"{self.label}: {file}" for file in located.missing]

    def _check_listed_once(self, coco: Coco, located: Located) -> None:
        """Raises UserError if two entries are of one file."""
        ids = defaultdict(list)
        for image in coco["images"]:
            if place := located.found.get(image["file_name"]):
                ids[place].append(image["id"])
        if twice := {place: those for place, those in ids.items() if len(those) > 1}:
            named = [f"{place} as ids {' and '.join(map(str, those))}" for place, those in twice.items()]
            raise NamedFault(
                f"{self.label} lists {some(named)}: one file more than once. Take all but one entry out, and give the"
                " annotations its id.",
                named,
            )

    def _notes(self, items: Mapping[str, Item], located: Located) -> Iterator[Note]:
        """Says which images have no shape, and which pictures beside the others are not listed."""
        if bare := tuple(name for name, item in items.items() if not item.truth.shapes):
            yield Note(f"{self.label}: {counted(len(bare), 'image')} without a shape, all background:", bare)
        used = set(located.found.values())
        folders = {place.rpartition("/")[0] for place in used}
        rest = tuple(
            name
            for name in self.tree.names()
            if name not in used
            and name.rpartition("/")[0] in folders
            and PurePosixPath(name).suffix.lower() in SUFFIXES
        )
        if rest:
            yield Note(f"{self.label}: {counted(len(rest), 'picture')} beside the others listed nowhere:", rest)
