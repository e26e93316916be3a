"""Layouts that a reader knows from their folders alone, and JSON in the format of COCO."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.readers import READERS
from groupseg.errors import UserError
from groupseg.onboard.look import Look, calibration, counted, spoken, unreadable
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
        names: Its `prompts.names`.
    """

    title: str
    sign: str
    suffix: str
    format: str
    options: Mapping[str, Any]
    names: str | Mapping[str, str]


LAYOUTS = (
    Layout(
        "VOC (JPEGImages/, SegmentationClass/, ImageSets/Segmentation/)", "/ImageSets/Segmentation/", ".txt", "voc",
        {"background": True, "augmented": False}, "voc.groupvit",
    ),
    Layout("ADE20K (images/, annotations/)", "/annotations/validation/", ".png", "ade20k", {}, {}),
    Layout("Cityscapes (leftImg8bit/, gtFine/)", "/gtFine/", "_labelIds.png", "cityscapes", {}, {}),
    Layout("COCO with the maps of COCO-Stuff (val2017/)", "/val2017/", ".png", "coco_object", {}, {}),
    Layout(
        "COCO (val2017/, annotations/)", "/annotations/instances_val2017.json", ".json", "coco_object_instances", {}, {}
    ),
)  # fmt: skip


def look_at_layout(tree: Tree, layout: Layout) -> Look:
    """Looks at a published layout: what its reader finds, and whether it can read it."""
    # Half of the official training images; where there are none, the official test images in turn.
    ways: tuple[dict[str, Any], ...] = ({"calib": 0.5, "seed": 0}, {"crossfit": 5})
    faults: list[str] = []
    for way in ways:
        source = {"format": layout.format, **layout.options, **way}
        try:
            files = READERS[layout.format](tree, way.get("calib"), 0, **layout.options)
        except UserError as error:
            faults.append(str(error))
            continue
        turns = ["no training images: all are calibrated on and judged in turn, in 5 folds"] if faults else []
        return Look(layout.title, source, layout.names, (*_notes(files), *turns), tuple(unreadable(files)))
    source = {"format": layout.format, **layout.options, **ways[0]}
    return Look(layout.title, source, layout.names, (), (faults[0],))


def look_at_json(tree: Tree, annotations: str) -> Look:
    """Looks at images with a JSON in the format of COCO."""
    title = f"images and {annotations} in the format of COCO"
    try:
        files = READERS["coco_json"](tree, None, 0, annotations=annotations)
    except UserError as error:
        way, _ = calibration(0)
        return Look(title, {"format": "coco_json", "annotations": annotations, **way}, {}, (), (str(error),))
    way, sentence = calibration(len(files.splits["test"]))
    source = {"format": "coco_json", "annotations": annotations, **way}
    return Look(title, source, spoken(files.classes), (*_notes(files), sentence), tuple(unreadable(files)))


def coco_jsons(tree: Tree) -> list[str]:
    """Returns the files that look like JSON in the format of COCO with shapes; captions have none."""
    found = []
    for name in tree.names():
        if name.lower().endswith(".json"):
            data = tree.read(name)
            if b'"categories"' in data and b'"segmentation"' in data:
                found.append(name)
    return found


def _notes(files: LabelledFiles) -> tuple[str, str]:
    images = ", ".join(f"{counted(len(items), 'image')} for {split}" for split, items in files.splits.items())
    background = "and background" if files.background else "without background"
    return images, f"{counted(len(files.classes), 'class')} {background}"
