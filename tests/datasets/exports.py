"""Small exports in the layouts of annotation tools, with the labels that they hold."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.datasets.layouts import encoded

Labels = NDArray[np.uint8]

# Three scenes of 8 x 12 pixels: a plate that fills most of the picture, and on it a cup, a spoon, or both.
CLASSES = ("plate", "cup", "spoon")
COLOURS = ((0, 0, 0), (250, 50, 83), (36, 179, 83), (61, 245, 61))


@dataclass(frozen=True)
class Export:
    """What an export should be read as.

    Attributes:
        tool: What it is taken for.
        masks: The labels of each image of the test split, by name.
        classes: Names without background.
    """

    tool: str
    masks: dict[str, Labels]
    classes: Sequence[str] = field(default=CLASSES)


def labels_of(index: int) -> Labels:
    """The labels of scene 0, 1, 2, ...: background, plate, cup, spoon."""
    labels = np.zeros((8, 12), np.uint8)
    labels[1:7, 1:11] = 1
    if index % 3 != 1:
        labels[2:4, 2 : 5 + index % 2] = 2
    if index % 3 != 0:
        labels[4:6, 6:9] = 3
    return labels


def picture(path: Path, index: int) -> None:
    """Writes a picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(index).integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(noise).save(path)


def mask(path: Path, values: Labels, palette: Sequence[Sequence[int]] = ()) -> None:
    """Writes a mask: grey, or with a palette."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values)
    if palette:
        # With fewer than 256 colours Pillow would save fewer bits a pixel.
        image.putpalette([part for colour in palette for part in colour] + [9] * 3 * (256 - len(palette)))
    image.save(path)


def cvat_masks(folder: Path) -> Export:
    """CVAT, Segmentation mask 1.1: colours, labelmap.txt, default.txt."""
    names = [f"frame_{index:06d}" for index in range(3)]
    lines = [
        f"{name}:{','.join(map(str, colour))}::" for name, colour in zip(("background", *CLASSES), COLOURS, strict=True)
    ]
    for index, name in enumerate(names):
        picture(folder / f"JPEGImages/{name}.png", index)
        mask(folder / f"SegmentationClass/{name}.png", np.array(COLOURS, np.uint8)[labels_of(index)])
    (folder / "labelmap.txt").write_text("\n".join(["# label:color_rgb:parts:actions", *lines, ""]))
    (folder / "ImageSets/Segmentation").mkdir(parents=True)
    (folder / "ImageSets/Segmentation/default.txt").write_text("\n".join(names) + "\n")
    return Export("CVAT (Segmentation mask 1.1)", {name: labels_of(index) for index, name in enumerate(names)})


def cvat_coco(folder: Path) -> Export:
    """CVAT, COCO 1.0, drawn with brushes: run lengths that all claim to be crowds, on a polygon that does not."""
    annotations: list[dict[str, Any]] = []
    images = []
    for index in range(3):
        picture(folder / f"images/{index}.jpg", index)
        images.append({"id": index + 1, "file_name": f"{index}.jpg", "width": 12, "height": 8, "license": 0})
        labels = labels_of(index)
        for label in (3, 2, 1):
            if not (area := labels == label).any():
                continue
            shape: Any = encoded(area) if label > 1 else [[1, 1, 11, 1, 11, 7, 1, 7]]
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": index + 1, "category_id": label, "segmentation": shape,
                    "area": int(area.sum()), "iscrowd": int(label > 1), "bbox": [0, 0, 1, 1],
                }
            )  # fmt: skip
    categories = [{"id": index + 1, "name": name, "supercategory": ""} for index, name in enumerate(CLASSES)]
    path = folder / "annotations/instances_default.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"images": images, "categories": categories, "annotations": annotations}))
    return Export("CVAT (COCO 1.0)", {str(index): labels_of(index) for index in range(3)})


def label_studio(folder: Path) -> Export:
    """Label Studio, COCO: paths of its server, ids from 0 on, categories in the order of their names."""
    cvat_coco(folder)
    source = folder / "annotations/instances_default.json"
    data = json.loads(source.read_text())
    source.unlink()
    for image in data["images"]:
        name = f"0a1b2c3d-{image['file_name']}"
        (folder / "images" / image["file_name"]).rename(folder / "images" / name)
        image["file_name"] = f"..\\..\\label-studio\\label-studio\\media\\upload\\4\\{name}"
    (folder / "result.json").write_text(json.dumps(data))
    return Export("Label Studio (COCO)", {f"images/0a1b2c3d-{index}": labels_of(index) for index in range(3)})


def roboflow_coco(folder: Path) -> Export:
    """Roboflow, COCO Segmentation: a JSON in each folder, and a root category that owns nothing."""
    masks = {}
    for part, first in (("train", 0), ("valid", 3), ("test", 6)):
        cvat_coco(folder / "scratch")
        data = json.loads((folder / "scratch/annotations/instances_default.json").read_text())
        root = {"id": 0, "name": "plate", "supercategory": "none"}
        for category in data["categories"]:
            category["supercategory"] = "plate"
        data["categories"].insert(0, root)
        for image in data["images"]:
            picture(folder / part / image["file_name"], first + image["id"])
            masks[f"{part}/{image['file_name'][:-4]}"] = labels_of(image["id"] - 1)
        (folder / part / "_annotations.coco.json").write_text(json.dumps(data))
        for path in sorted((folder / "scratch").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (folder / "scratch").rmdir()
    return Export("Roboflow (COCO)", {name: labels for name, labels in masks.items() if name.startswith("test/")})


def roboflow_masks(folder: Path) -> Export:
    """Roboflow, Semantic Segmentation Masks: pictures and masks side by side, and a table of values."""
    masks = {}
    for part, first in (("train", 0), ("valid", 3)):
        for index in range(3):
            name = f"{index}_jpg.rf.0123456789abcdef"
            picture(folder / part / f"{name}.jpg", first + index)
            mask(folder / part / f"{name}_mask.png", labels_of(index))
            masks[f"{part}/{name}"] = labels_of(index)
        rows = ["Pixel Value, Class", *(f"{value}, {name}" for value, name in enumerate(("background", *CLASSES)))]
        (folder / part / "_classes.csv").write_text("\r\n".join(rows) + "\r\n")
    return Export(
        "Roboflow (Semantic Segmentation Masks)",
        {name: labels for name, labels in masks.items() if name.startswith("valid/")},
    )


def labelme_voc(folder: Path) -> Export:
    """Labelme2voc: no lists of images, class_names.txt, and -1 as 255 for what `__ignore__` was drawn on."""
    masks = {}
    for index in range(3):
        labels = labels_of(index)
        labels[0] = 255
        picture(folder / f"JPEGImages/{index}.jpg", index)
        mask(folder / f"SegmentationClass/{index}.png", labels, COLOURS)
        picture(folder / f"SegmentationClassVisualization/{index}.jpg", index)
        masks[str(index)] = labels
    (folder / "class_names.txt").write_text("\n".join(["_background_", *CLASSES]))
    return Export("labelme (labelme2voc)", masks)


def labelme_coco(folder: Path) -> Export:
    """Labelme2coco: areas and boxes of polygons, and a category for the background, which owns nothing."""
    cvat_coco(folder)
    source = folder / "annotations/instances_default.json"
    data = json.loads(source.read_text())
    source.unlink()
    (folder / "images").rename(folder / "JPEGImages")
    names = ("_background_", *CLASSES)
    data["categories"] = [{"supercategory": None, "id": index, "name": name} for index, name in enumerate(names)]
    for image in data["images"]:
        image["file_name"] = f"JPEGImages/{image['file_name']}"
        picture(folder / "Visualization" / Path(image["file_name"]).name, image["id"])
    for annotation in data["annotations"]:
        annotation["iscrowd"] = 0
    (folder / "annotations.json").write_text(json.dumps(data))
    return Export("labelme (labelme2coco)", {f"JPEGImages/{index}": labels_of(index) for index in range(3)})


def converted_stuff(folder: Path) -> Export:
    """COCO-Stuff as mmsegmentation converts it, without the maps that it was made from."""
    masks = {}
    for part in ("train2017", "val2017"):
        for index in range(3):
            name = f"{index:012d}"
            values = np.where(labels_of(index) == 0, 255, labels_of(index)).astype(np.uint8)
            picture(folder / f"images/{part}/{name}.jpg", index)
            mask(folder / f"annotations/{part}/{name}_labelTrainIds.png", values)
            masks[name] = np.where(values == 255, 255, values + 1)
    return Export("mmsegmentation (converted masks)", masks, ("person", "bicycle", "car", "motorcycle"))


def converted_context(folder: Path) -> Export:
    """PASCAL Context as mmsegmentation converts it."""
    names = {"train": ["2008_000001"], "val": ["2008_000002", "2008_000003"]}
    lists = folder / "VOC2010/ImageSets/SegmentationContext"
    lists.mkdir(parents=True)
    for part, those in names.items():
        (lists / f"{part}.txt").write_text("\n".join(those) + "\n")
        for name in those:
            picture(folder / f"VOC2010/JPEGImages/{name}.jpg", int(name[-1]))
            mask(folder / f"VOC2010/SegmentationClassContext/{name}.png", labels_of(int(name[-1])))
    masks = {name: labels_of(int(name[-1])) for name in names["val"]}
    return Export("mmsegmentation (converted masks)", masks, ("aeroplane", "bag", "bed"))


EXPORTS: dict[str, Callable[[Path], Export]] = {
    make.__name__: make
    for make in (
        cvat_masks, cvat_coco, label_studio, roboflow_coco, roboflow_masks, labelme_voc, labelme_coco,
        converted_stuff, converted_context,
    )
}  # fmt: skip
