"""Writing small data sets in the layouts that users have, and as their publishers pack them."""

import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image
from pycocotools import mask as coco

MakeFolder = Callable[..., Path]

# The images of VOC 2012 in the archive that `pack` makes. SBD labels those in EXTRA, and some of the others.
TRAIN = ("2007_000032", "2007_000039", "2007_000063", "2007_000068")
VAL = ("2007_000033", "2007_000042", "2007_000061")
EXTRA = ("2008_000008", "2008_000015")

# Which archives a data set comes in, by the names of their publishers.
ARCHIVES = {
    "voc": ("VOCtrainval_11-May-2012.tar",),
    "voc_aug": ("VOCtrainval_11-May-2012.tar", "benchmark.tgz"),
    "context": ("VOCtrainval_03-May-2010.tar", "trainval_merged.json"),
    "coco_object": ("val2017.zip", "stuffthingmaps_trainval2017.zip"),
    "coco_object_instances": ("val2017.zip", "annotations_trainval2017.zip"),
    "coco_stuff": ("val2017.zip", "stuffthingmaps_trainval2017.zip"),
    "ade20k": ("ADEChallengeData2016.zip",),
    "cityscapes": ("cityscapes.tar",),
}


def save_pair(
    folder: Path, name: str, images: str, masks: str, top: int | Sequence[int], seed: int, endings: Sequence[str] = ()
) -> None:
    """Writes an image of noise and a mask of values 0..top and 255, or of the values given.

    endings: What stands behind the name of the image and of the mask; without, ".jpg" and ".png".
    """
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(5, 12)), int(rng.integers(5, 12))
    image, mask = (
        folder / kind / f"{name}{ending}"
        for kind, ending in zip((images, masks), endings or (".jpg", ".png"), strict=True)
    )
    for path in (image, mask):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(image)
    values = [*range(top + 1), 255] if isinstance(top, int) else top
    Image.fromarray(rng.choice(np.array(values, np.uint8), (height, width))).save(mask)


def pack(folder: Path, dataset: str) -> list[Path]:
    """Writes the archives of a published data set below `folder`, and what is in them below `folder`/unpacked."""
    made = []
    for archive in ARCHIVES[dataset]:
        root, path = folder / "unpacked" / archive, folder / archive
        root.mkdir(parents=True)
        _CONTENT[archive](root)
        if path.suffix == ".json":
            (root / archive).replace(path)
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as file:
                for member in sorted(root.rglob("*")):
                    file.write(member, member.relative_to(root))
        else:
            with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as file:
                for member in sorted(root.iterdir()):
                    file.add(member, member.name)
        made.append(path)
    return made


def _voc2012(root: Path) -> None:
    folder = root / "VOCdevkit/VOC2012"
    for index, name in enumerate((*TRAIN, *VAL, *EXTRA)):
        save_pair(folder, name, "JPEGImages", "SegmentationClass", 20, seed=index)
    for name in EXTRA:
        (folder / "SegmentationClass" / f"{name}.png").unlink()
    write_lists(folder / "ImageSets/Segmentation", train=TRAIN, val=VAL, trainval=TRAIN + VAL)


def _sbd(root: Path) -> None:
    folder = root / "benchmark_RELEASE/dataset"
    (folder / "cls").mkdir(parents=True)
    everyone = (*TRAIN, *VAL, *EXTRA)
    for index, name in enumerate(everyone):
        rng = np.random.default_rng(index)
        shape = int(rng.integers(5, 12)), int(rng.integers(5, 12))  # as `save_pair` draws it
        # As MATLAB writes it: a struct of one entry, with the boundaries beside the segmentation.
        entry = np.zeros((1, 1), [("Boundaries", object), ("Segmentation", object), ("CategoriesPresent", object)])
        values = rng.integers(0, 21, shape).astype(np.uint8)
        entry[0, 0] = (np.zeros((20, 1)), values, np.unique(values)[:, None])
        scipy.io.savemat(folder / "cls" / f"{name}.mat", {"GTcls": entry})
    write_lists(folder, train=(TRAIN[0], VAL[0], EXTRA[0]), val=(TRAIN[1], VAL[1], EXTRA[1]))


def _voc2010(root: Path) -> None:
    folder = root / "VOCdevkit/VOC2010/JPEGImages"
    folder.mkdir(parents=True)
    for index, entry in enumerate(context_json()["images"]):
        noise = np.random.default_rng(index).integers(0, 256, (entry["height"], entry["width"], 3), np.uint8)
        Image.fromarray(noise).save(folder / entry["file_name"])


def context_json() -> dict[str, list[dict[str, object]]]:
    """What stands in trainval_merged.json: phases, and overlapping shapes of ids in and outside the list of 60."""
    images, shapes = [], []
    for index in range(9):
        size = {"height": 9 + index, "width": 12}
        phase = ("train", "val", "test")[index % 3]
        name = f"2008_{index:06d}"
        images.append({"file_name": f"{name}.jpg", "phase": phase, "image_id": int(f"2008{index:06d}"), **size})
        rng = np.random.default_rng(index)
        for category in (2, 23, 1, 458, 457, 0, 284, 459):
            area = np.zeros((size["height"], size["width"]), np.uint8, order="F")
            top, left = rng.integers(0, 7, 2)
            area[top : top + 5, left : left + 6] = 1
            shapes.append(
                {
                    "segmentation": encoded(area), "area": int(area.sum()), "iscrowd": 0, "parts": [],
                    "image_id": images[-1]["image_id"], "category_id": category, "id": len(shapes) + 1,
                }
            )  # fmt: skip
    ids = sorted({shape["category_id"] for shape in shapes})
    categories = [{"category_id": key, "name": f"name {key}", "onlysemantic": 1, "parts": []} for key in ids]
    return {
        "info": [], "images": images, "categories": categories, "annos_segmentation": shapes, "annos_occlusion": [],
        "annos_boundary": [], "parts": [],
    }  # fmt: skip


def encoded(area: np.ndarray) -> dict[str, object]:
    """A mask as COCO's JSON holds it: run lengths, packed into a string."""
    packed = coco.encode(np.asfortranarray(area, dtype=np.uint8))
    return {"size": list(map(int, packed["size"])), "counts": packed["counts"].decode()}


def _coco_images(root: Path) -> None:
    for index, name in enumerate(coco_names()):
        save_pair(root, name, "val2017", ".scratch", 1, seed=index)
        (root / ".scratch" / f"{name}.png").unlink()
    (root / ".scratch").rmdir()


def _coco_maps(root: Path) -> None:
    for part in ("train2017", "val2017"):
        for index, name in enumerate(coco_names()):
            save_pair(root, name, ".scratch", part, [0, 10, 12, 89, 91, 181, 255], seed=index)
            (root / ".scratch" / f"{name}.jpg").unlink()
    (root / ".scratch").rmdir()


def _coco_annotations(root: Path) -> None:
    (root / "annotations").mkdir()
    (root / "annotations/instances_val2017.json").write_text(json.dumps(instances_json()), encoding="utf-8")


def coco_names() -> list[str]:
    return [f"{number:012d}" for number in (139, 285, 632, 724, 776, 785)]


def instances_json() -> dict[str, list[dict[str, object]]]:
    """What stands in instances_val2017.json: polygons, and crowds as run lengths; some overlap."""
    images, annotations = [], []
    for index, name in enumerate(coco_names()):
        rng = np.random.default_rng(index)
        height, width = int(rng.integers(5, 12)), int(rng.integers(5, 12))  # as `save_pair` draws it
        images.append({"id": int(name), "file_name": f"{name}.jpg", "height": height, "width": width, "license": 3})
        crowd = np.zeros((height, width), np.uint8)
        crowd[: height // 2] = 1
        runs = np.diff(np.flatnonzero(np.diff(crowd.ravel(order="F"), prepend=1 - crowd[0, 0], append=2)))
        shapes = [({"size": [height, width], "counts": [0, *runs.tolist()]}, 1, 1, int(crowd.sum()))]
        for category, side in ((90, 3), (18, 4), (1, 2)):
            shapes.append(([[1, 1, 1 + side, 1, 1 + side, 1 + side, 1, 1 + side]], category, 0, side * side))
        annotations += [
            {
                "segmentation": shape, "category_id": category, "iscrowd": crowd, "area": area, "image_id": int(name),
                "id": 10 * index + number, "bbox": [0, 0, 1, 1],
            }
            for number, (shape, category, crowd, area) in enumerate(shapes)
        ]  # fmt: skip
    never = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
    names = Path(__file__).parents[2] / "groupseg/datasets/lists/coco_object.txt"
    ids = [number for number in range(1, 91) if number not in never]
    categories = [
        {"id": number, "name": name, "supercategory": "x"}
        for number, name in zip(ids, names.read_text().split("\n")[1:-1], strict=True)
    ]
    return {"info": {}, "licenses": [], "images": images, "categories": categories, "annotations": annotations}


def _ade20k(root: Path) -> None:
    for first, part, short in ((0, "training", "train"), (10, "validation", "val")):
        for index in range(6):
            name = f"ADE_{short}_{index:08d}"
            folder = root / "ADEChallengeData2016"
            save_pair(folder, name, f"images/{part}", f"annotations/{part}", [0, 1, 2, 149, 150], seed=first + index)
    (root / "ADEChallengeData2016/objectInfo150.txt").write_text("Idx\tRatio\tTrain\tVal\tStuff\tName\n")


def _cityscapes(root: Path) -> None:
    places = (("train", "aachen"), ("train", "bochum"), ("val", "munster"), ("test", "berlin"))
    for first, (part, city) in enumerate(places):
        for index in range(3):
            name = f"{city}/{city}_{index:06d}_000019"
            endings = ("_leftImg8bit.png", "_gtFine_labelIds.png")
            save_pair(root, name, f"leftImg8bit/{part}", f"gtFine/{part}", range(34), 10 * first + index, endings)
            Image.new("L", (2, 2)).save(root / f"gtFine/{part}" / f"{name}_gtFine_instanceIds.png")


def write_lists(folder: Path, **lists: Iterable[str]) -> None:
    """Writes lists of names, one a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


_CONTENT: dict[str, Callable[[Path], None]] = {
    "VOCtrainval_11-May-2012.tar": _voc2012,
    "benchmark.tgz": _sbd,
    "VOCtrainval_03-May-2010.tar": _voc2010,
    "trainval_merged.json": lambda root: (
        (root / "trainval_merged.json").write_text(json.dumps(context_json())) and None
    ),
    "val2017.zip": _coco_images,
    "stuffthingmaps_trainval2017.zip": _coco_maps,
    "annotations_trainval2017.zip": _coco_annotations,
    "ADEChallengeData2016.zip": _ade20k,
    "cityscapes.tar": _cityscapes,
}
