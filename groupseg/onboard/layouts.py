"""Layouts that a reader knows from their folders alone, and JSON in the format of COCO."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from groupseg.datasets.coco_categories import class_names
from groupseg.datasets.coco_format import parse_coco
from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.masks import MaskFiles
from groupseg.datasets.names import class_list
from groupseg.datasets.notes import Note, counted
from groupseg.datasets.readers import READERS
from groupseg.datasets.texts import decode_text, encoding_of
from groupseg.errors import UserError
from groupseg.io.files import stand_in
from groupseg.onboard.look import Look, Way, calibration, fault_of, in_turn, inspect, look_from, spoken
from groupseg.onboard.tools import tool_of
from groupseg.sources.tree import Tree


@dataclass(frozen=True)
class Layout:
    """A published layout.

    Attributes:
        title: What it is called.
        sign: What stands in the path of one of its files, and of no other layout's.
        suffix: What such a path ends with.
        format: Of its reader.
        options: What else its reader takes.
        classes: Its list of classes, unless they are one's own.
        names: Its `prompts.names`, where the classes are its own.
    """

    title: str
    sign: str
    suffix: str
    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    classes: str = ""
    names: str | Mapping[str, str] = field(default_factory=dict)

    def known_by(self, names: Sequence[str]) -> bool:
        """Whether one of some names, each with a slash before it, is of this layout."""
        return any(self.sign in name and name.endswith(self.suffix) for name in names)


LAYOUTS = (
    Layout(
        "PASCAL Context of mmsegmentation (SegmentationClassContext/)", "/ImageSets/SegmentationContext/", "/val.txt",
        "context", {"background": True}, "context", "context.groupvit",
    ),
    Layout(
        "VOC (JPEGImages/, SegmentationClass/, ImageSets/Segmentation/)", "/ImageSets/Segmentation/", ".txt", "voc",
        {"background": True, "augmented": False}, "voc", "voc.groupvit",
    ),
    Layout("ADE20K (images/, annotations/)", "/annotations/validation/", ".png", "ade20k", classes="ade20k"),
    Layout("Cityscapes (leftImg8bit/, gtFine/)", "/gtFine/", "_labelIds.png", "cityscapes", classes="cityscapes"),
    Layout("COCO with the maps of COCO-Stuff (val2017/)", "/val2017/", ".png", "coco_object", classes="coco_object"),
    Layout(
        "COCO (val2017/, annotations/)", "/annotations/instances_val2017.json", ".json", "coco_object_instances",
        classes="coco_object",
    ),
)  # fmt: skip
# Known by less, and so looked for after images/ and masks/.
EXPORTS = (
    Layout(
        "VOC without lists (JPEGImages/, SegmentationClass/)", "/SegmentationClass", ".png", "voc",
        {"background": True, "augmented": False}, "voc", "voc.groupvit",
    ),
    Layout("pictures and masks with _classes.csv (train/, valid/, test/)", "/_classes.csv", "_classes.csv", "folder"),
)  # fmt: skip

_CONVERTED = Layout(
    "COCO-Stuff of mmsegmentation (_labelTrainIds.png)", "/val2017/", "_labelTrainIds.png", "coco_stuff",
    classes="coco_stuff",
)  # fmt: skip

# A value that the maps of COCO-Stuff have, and no conversion of them.
_HIGHEST_STUFF = 181


def layout_of(names: Sequence[str], layouts: Sequence[Layout]) -> Layout | None:
    """Returns the first layout that some names are of, each with a slash before it."""
    found = next((layout for layout in layouts if layout.known_by(names)), None)
    if found and found.format == "coco_object":
        maps = [name for name in names if "/val2017/" in name and name.endswith(".png")]
        if all(name.endswith("_labelTrainIds.png") for name in maps):
            return _CONVERTED
    return found


def look_at_layout(tree: Tree, layout: Layout, skip_unmatched: bool = False) -> Look:
    """Looks at a known layout: what its reader finds, and whether it can read it.

    Args:
        tree: Where it lies.
        layout: Which it is.
        skip_unmatched: Whether files without a counterpart are left out.
    """
    switches = {"skip_unmatched": True} if skip_unmatched else {}
    options = {**layout.options, **switches}
    way = calibration([])
    try:
        files = READERS[layout.format](tree, None, 0, **options)
        # Where there are few images, or none to train on, those that are judged are calibrated on in turn.
        way = calibration([item.name for items in files.splits.values() for item in items])
        if "calib" in way.source:
            try:
                files = READERS[layout.format](tree, way.source["calib"], 0, **options)
            except UserError:
                way = in_turn("no training images")
            else:
                way = way._replace(sentence="half of the training images are calibrated on")
    except UserError as error:
        return look_from(layout.title, {"format": layout.format, **options, **way.source}, {}, [], [fault_of(error)])
    source = {"format": layout.format, **options}
    names = layout.names if layout.classes and files.classes == class_list(layout.classes) else spoken(files.classes)
    return _finished(tree, layout.title, source, names, files, way)


def look_at_json(tree: Tree, annotations: str, skip_unmatched: bool = False) -> Look:
    """Looks at images with a JSON in the format of COCO; see `look_at_layout`."""
    title = f"images and {annotations} in the format of COCO"
    options = {"annotations": annotations, **({"skip_unmatched": True} if skip_unmatched else {})}
    try:
        files = READERS["coco_json"](tree, None, 0, **options)
    except UserError as error:
        return look_from(title, {"format": "coco_json", **options, **calibration([]).source}, {}, [], [fault_of(error)])
    way = calibration([item.name for item in files.splits["test"]])
    return _finished(tree, title, {"format": "coco_json", **options}, spoken(files.classes), files, way)


def own_instances(tree: Tree, layout: Layout) -> str | None:
    """Returns the JSON of somebody who calls it as COCO's is called, and has other categories; None for COCO's."""
    if layout.format != "coco_object_instances":
        return None
    name = next(name for name in tree.names() if f"/{name}".endswith(layout.sign))
    try:
        names = class_names(parse_coco(tree.read(name), tree.where(name)), tree.where(name))
    except UserError:
        return None  # its reader says why
    return None if names == class_list("coco_object") else name


def coco_jsons(tree: Tree, wanted: Callable[[str], bool]) -> list[str]:
    """Returns the files that look like JSON in the format of COCO with shapes; captions have none.

    Args:
        tree: Where to look.
        wanted: Which names are of interest; no other file is read.

    Raises:
        UserError: If one is a pointer of Git LFS or a web page.
    """
    found = []
    for name in tree.names():
        if name.lower().endswith(".json") and wanted(name):
            data = tree.read(name)
            if what := stand_in(data):
                raise UserError(f"{tree.where(name)} {what}.")
            if encoding_of(data) != "utf-8":
                data = decode_text(data, tree.where(name)).encode()
            if b'"categories"' in data and b'"segmentation"' in data:
                found.append(name)
    return found


def one_name(names: Sequence[str]) -> str | None:
    """Returns the name that JSONs in train/, valid/ and test/ share, as Roboflow writes them; None for others."""
    bases = {PurePosixPath(name).name for name in names}
    parts = {PurePosixPath(name).parent.name for name in names}
    return bases.pop() if len(bases) == 1 and parts <= {"train", "valid", "val", "test"} else None


def _finished(
    tree: Tree, title: str, source: Mapping[str, Any], names: str | Mapping[str, str], files: LabelledFiles, way: Way
) -> Look:
    """Reads some of the images, and puts together what is known."""
    found = inspect(files)
    way, few = found.settled(way)
    notes = [*_notes(tree, files), *found.notes, *([] if few else [Note(way.sentence)])]
    return look_from(title, {**source, **way.source}, names, notes, [*found.faults, *few])


def _notes(tree: Tree, files: LabelledFiles) -> Iterator[Note]:
    if tool := tool_of(tree):
        yield Note(f"taken for an export of {tool}")
    # Of the maps themselves; what was converted for one of the two holds nothing of the other.
    maps = isinstance(files.decode, MaskFiles) and _HIGHEST_STUFF in files.decode.labels
    if files.classes == class_list("coco_object") and maps:
        yield Note("the same maps hold the 171 classes of COCO-Stuff: source.format: coco_stuff reads those")
    yield Note(", ".join(f"{counted(len(items), 'image')} for {split}" for split, items in files.splits.items()))
    yield Note(
        f"{counted(len(files.classes), 'class')} {'and background' if files.background else 'without background'}"
    )
