"""Every message of the readers that says what to do: it is done, and then all can be read."""

import ast
import json
import shutil
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from groupseg.datasets.readers import READERS
from groupseg.datasets.writer import write_files
from groupseg.errors import UserError
from groupseg.sources.tree import open_tree
from tests.datasets.exports import cvat_coco, roboflow_coco, roboflow_masks
from tests.datasets.layouts import pack

SOURCES = Path(__file__).parents[2] / "groupseg/datasets"
# What is no reader's: files that `prepare` has written, and disks and captions.
OTHERS = {"shards.py", "shard_file.py", "sample.py", "writer.py", "split_shards.py", "tally.py"}
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


@dataclass
class Data:
    """A data set of somebody: where it lies, and its section of params.yaml."""

    folder: Path
    format: str
    options: dict[str, Any] = field(default_factory=dict)
    calib: float | None = None
    out: Path = Path()

    def read(self) -> None:
        """Reads all of it as `prepare` does; the first fault of an image comes as it was raised."""
        files = READERS[self.format](open_tree(self.folder), self.calib, 0, **self.options)
        for split in files.splits:
            list(files.samples(split))
        write_files(self.out, files, {})

    def change(self, change: Callable[[dict[str, Any]], object], name: str = "") -> None:
        """Changes the JSON."""
        path = self.folder / (name or self.options["annotations"])
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    def write(self, name: str, content: str | bytes) -> None:
        """Writes a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def save(self, name: str, image: Image.Image, **options: Any) -> None:
        """Saves a picture or a mask."""
        image.save(self.folder / name, **options)


def folder(place: Path) -> Data:
    """Eight images with masks of 0..2: background, cat, dog."""
    for index in range(8):
        for part, pixels in (
            ("images/p{}.jpg", np.random.default_rng(index).integers(0, 256, (8, 10, 3), np.uint8)),
            ("masks/p{}.png", (np.arange(80).reshape(8, 10) // 10 % 3).astype(np.uint8)),
        ):
            path = place / part.format(index)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    (place / "classes.txt").write_text("background\ncat\ndog\n")
    return Data(place, "folder")


def coco(place: Path) -> Data:
    """CVAT's JSON, of images 1..3 called 0.jpg, 1.jpg, 2.jpg."""
    cvat_coco(place)
    return Data(place, "coco_json", {"annotations": "annotations/instances_default.json"})


def exported_json(place: Path) -> Data:
    roboflow_coco(place)
    return Data(place, "coco_json", {"annotations": "_annotations.coco.json"})


def exported_masks(place: Path) -> Data:
    roboflow_masks(place)
    return Data(place, "folder")


def published(name: str) -> Callable[[Path], Data]:
    def made(place: Path) -> Data:
        archives = pack(place, name)
        for path in archives:
            if path.suffix == ".json":
                (place / "unpacked" / path.name).rmdir()
                shutil.copy(path, place / "unpacked")
        return Data(place / "unpacked", name)

    return made


# What somebody did to his data, and after each `yield` of a message what it tells him to do.
Story = Callable[[Data], Iterator[str]]
STORIES: list[tuple[Callable[[Path], Data], Story]] = []


def of(*makes: Callable[[Path], Data]) -> Callable[[Story], Story]:
    """Notes what can happen to such data."""

    def noted(story: Story) -> Story:
        STORIES.extend((make, story) for make in makes)
        return story

    return noted


PLAIN = "background\ncat\ndog\n"
# A file, what it holds, what is said of that, and what it holds then.
FAULTY_LISTS: list[tuple[str, str | bytes | None, str, str]] = [
    ("classes.txt", None, "is missing. Write the classes in it, one a line: line i names value i, from 0 on", PLAIN),
    ("classes.txt", "", "classes.txt is empty. Write at least one name in it", PLAIN),
    ("classes.txt", "background\n\ncat\ndog\n", "line 2 is blank. Take it out, or name it", PLAIN),
    ("classes.txt", "background\ncat\ncat\n", "cat named more than once. Each line must differ", PLAIN),
    ("classes.txt", "background\n", "names no class but background. Write the classes below it", PLAIN),
    ("classes.txt", POINTER, "is a Git LFS pointer, not the file itself. Run `git lfs pull`", PLAIN),
    (
        "classes.txt", b"background\ncaf\xe9\ndog\n", "is not UTF-8 (byte 14). Save it as UTF-8 text",
        "background\ncafé\ndog\n",
    ),
    (
        "classes.txt", "0: background\n1: cat\n2: cat\n", "the name cat is there more than once. Each line must differ",
        "0: background\n1: cat\n2: dog\n",
    ),
    (
        "classes.txt", "cat\ndog\nbackground\n", "write its value before each name, such as 3: background",
        "0: cat\n1: dog\n2: background\n",
    ),
    ("labels.csv", "\n\n", "labels.csv is empty. Write at least one name in it, one a line", PLAIN),
    (
        "_classes.csv", "Pixel Value, Class\n0, background\n1, cat\nx, dog\n",
        "row 4 has no value: 'x,dog'. Write a whole number there",
        "Pixel Value, Class\n0, background\n1, cat\n2, dog\n",
    ),
    (
        "labelmap.txt", "background:0,0,0::\ncat:1,2,300::\ndog:1,2,4::\n",
        "'1,2,300' is no colour. Write red, green and blue from 0 to 255",
        "background:0,0,0::\ncat:1,2,3::\ndog:1,2,4::\n",
    ),
]  # fmt: skip


@of(folder)
def lists_with_faults(data: Data) -> Iterator[str]:
    (data.folder / "classes.txt").unlink()
    for name, faulty, message, mended in FAULTY_LISTS:
        if faulty is not None:
            data.write(name, faulty)
        yield message
        data.write(name, mended)
        data.read()
        (data.folder / name).unlink()
    data.write("classes.txt", PLAIN)


@of(folder)
def nothing_but_unknown_pixels(data: Data) -> Iterator[str]:
    for path in (data.folder / "masks").iterdir():
        Image.fromarray(255 * (np.asarray(Image.open(path)) > 0).astype(np.uint8)).save(path)
    data.write("classes.txt", "background\nrock\n")
    yield "If 255 is a class, begin each line of the list of classes with its value, such as 255: rock"
    data.write("classes.txt", "0: background\n255: rock\n")


@of(folder)
def an_ignored_class(data: Data) -> Iterator[str]:
    data.options["ignore"] = 2
    yield "source.ignore: 2 is a class, line 3 of"
    data.options["ignore"] = 3
    data.read()
    data.options["ignore"] = 0


@of(folder)
def no_picture(data: Data) -> Iterator[str]:
    (data.folder / "images").rename(data.folder / "pictures")
    yield "images holds no image. Put pictures there"
    (data.folder / "pictures").rename(data.folder / "images")


@of(folder)
def a_palette_with_faults(data: Data) -> Iterator[str]:
    colours = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], np.uint8)
    for path in (data.folder / "masks").iterdir():
        Image.fromarray(colours[np.asarray(Image.open(path))]).save(path)
    yield "Save class numbers, not colours, or say what the colours mean: in palette.txt beside images/ and masks/"
    data.write("palette.txt", "#000000\nred\n#008000\n")
    yield "line 2 is no colour: 'red'. Write it as #80ff00 or 128 255 0"
    data.write("palette.txt", "#000000\n128 0 0\n#008000\n7 = #ffffff\n")
    yield "line 4 is for value 7, which is no class. Take it out, or list it"
    data.write("palette.txt", "#000000\n#800000\n2 = 128 0 0\n")
    yield "#800000 stands for 1 and 2. Give each its own colour"
    data.write("palette.txt", "#000000\n#800000\n")
    yield "holds 1 colours that no class has: #008000. Save class numbers, without smoothing, or list the colour"
    data.write("palette.txt", "#000000\n#800000\n#008000\n")
    data.read()
    (data.folder / "palette.txt").unlink()
    (data.folder / "classes.txt").unlink()
    data.write("labelmap.txt", "background:0,0,0::\ncat:128,0,0::\ndog:0,128,0::\n")


@of(folder)
def masks_of_other_modes(data: Data) -> Iterator[str]:
    good = Image.open(data.folder / "masks/p0.png")
    good.load()
    data.save("masks/p0.png", good.point(lambda value: 255 * bool(value)).convert("1"))
    yield "got mode 1. With one bit a pixel, 1 and 255 are the same: save it with 8 bits"
    data.save("masks/p0.png", good.convert("LA"))
    yield "got mode LA. Save class numbers without transparency"
    data.save("masks/p0.png", good, format="JPEG")
    yield "got JPEG. It blurs the numbers: save the mask as PNG where it was drawn"
    data.save("masks/p0.png", good)


@of(folder)
def damaged_files(data: Data) -> Iterator[str]:
    good = (data.folder / "images/p0.jpg").read_bytes()
    data.write("images/p0.jpg", POINTER)
    yield "p0.jpg is a Git LFS pointer, not the file itself. Run `git lfs pull`"
    data.write("images/p0.jpg", good[:200])
    yield "Fetch it again, or take it out of the data set"
    data.write("images/p0.jpg", good)
    data.read()
    for path in ("images/p0.jpg", "masks/p0.png"):
        (data.folder / path).unlink()


@of(folder)
def lists_of_splits(data: Data) -> Iterator[str]:
    data.write("splits/calib.txt", "p0.jpg\np1\n")
    yield "'p0.jpg' names no image in"
    data.write("splits/calib.txt", "p0\np1\n")
    yield "but source.crossfit calibrates on the test images. Take out one of the two"
    data.calib = 0.5
    data.read()
    data.write("splits/test.txt", "p1\np2\n")
    yield "test.txt overlap: p1 in both. Take each out of one"
    data.write("splits/test.txt", "p2\np3\n")
    data.read()
    (data.folder / "splits/calib.txt").unlink()
    data.calib = 9
    yield "source.calib: 9 images asked for, but there are 6 to draw from. Lower it"
    data.calib = 3


@of(folder)
def another_size(data: Data) -> Iterator[str]:
    mask = Image.open(data.folder / "masks/p0.png")
    data.save("masks/p0.png", mask.resize((5, 5)))
    yield "Save the mask at the size of its image"
    data.save("masks/p0.png", mask)
    data.read()
    exif = Image.Exif()
    exif[0x0112] = 6
    data.save("images/p0.jpg", Image.open(data.folder / "images/p0.jpg"), exif=exif)
    yield "The mask was drawn on the picture as it is stored: set source.exif_transpose_masks: true"
    data.options["exif_transpose_masks"] = True


@of(folder)
def two_of_a_name(data: Data) -> Iterator[str]:
    shutil.copy(data.folder / "images/p1.jpg", data.folder / "images/p0.jpeg")
    yield "p0.jpg share a name, and so a mask. Rename one and give it its own, or take it away"
    (data.folder / "images/p0.jpeg").rename(data.folder / "images/p8.jpg")
    shutil.copy(data.folder / "masks/p1.png", data.folder / "masks/p8.png")
    data.read()
    (data.folder / "images/p8.jpg").rename(data.folder / "images/p0.jpeg")
    (data.folder / "masks/p8.png").unlink()
    (data.folder / "images/p0.jpeg").unlink()


@of(folder)
def other_names(data: Data) -> Iterator[str]:
    masks = sorted((data.folder / "masks").iterdir())
    for path in masks:
        path.rename(path.with_name(f"{path.stem}_mask.png"))
    yield "no image has a mask of its name: 8 images, such as"
    for path in masks:
        path.with_name(f"{path.stem}_mask.png").rename(path)


@of(folder)
def no_counterpart(data: Data) -> Iterator[str]:
    (data.folder / "masks/p0.png").rename(data.folder / "masks/q0.png")
    yield "Add or rename what is meant, or set source.skip_unmatched: true"
    data.options["skip_unmatched"] = True
    data.read()
    data.options.clear()
    (data.folder / "masks/q0.png").rename(data.folder / "masks/p0.png")


@of(folder)
def a_value_that_is_not_listed(data: Data) -> Iterator[str]:
    mask = np.asarray(Image.open(data.folder / "masks/p0.png")).copy()
    mask[0] = 3
    data.save("masks/p0.png", Image.fromarray(mask))
    yield "holds 3, outside the class list (0..2, and 255 = ignore). Mend the mask, or list the class"
    data.write("classes.txt", "background\ncat\ndog\nsky\n")


@of(folder)
def two_folders(data: Data) -> Iterator[str]:
    for part in ("a", "b"):
        shutil.copytree(data.folder, data.folder.parent / "both" / part)
    data.folder = data.folder.parent / "both"
    yield "Name one of them in source.path"
    data.folder = data.folder / "a"


Change = Callable[[dict[str, Any]], object]


def at(key: str, index: int, **values: Any) -> Change:
    """Gives an entry of a JSON other values."""
    return lambda coco: coco[key][index].update(values)


def drawn(segmentation: Any) -> Change:
    """Gives an annotation another shape."""
    return at("annotations", 0, segmentation=segmentation)


def without(key: str) -> Change:
    """Takes the first entry out."""
    return lambda coco: coco[key].pop(0)


def list_twice(coco: dict[str, Any]) -> None:
    coco["images"].append({**coco["images"][0], "id": 9, "file_name": "images/0.jpg"})
    coco["annotations"][0]["image_id"] = 9


def join_categories(coco: dict[str, Any]) -> None:
    coco["categories"].pop(1)
    for one in coco["annotations"]:
        one["category_id"] = 1


TRIANGLE = drawn([[1, 1, 4, 1, 4, 4]])
# What is changed in CVAT's JSON, what is said of that, and how it is mended; None: it is changed back.
FAULTY_JSONS: list[tuple[Change, str, Change | None]] = [
    (
        at("images", 0, height="tall"),
        "images.0.height: Input should be a valid integer, unable to parse string as an integer. Mend the JSON there",
        None,
    ),
    (at("images", 1, id=1), "image id 1 is there more than once. Give each its own", None),
    (at("categories", 1, id=1), "category id 1 is there more than once. Give each its own", None),
    (at("annotations", 1, id=1), "annotation id 1 is there more than once. Give each its own", None),
    (at("images", 0, height=10**6, width=10**6), "0.jpg has more than 178,956,970 pixels. Mend its size", None),
    (lambda coco: coco["categories"].clear(), "names no category. List them under `categories`", None),
    (
        lambda coco: coco.update(categories=[{"id": 1, "name": "Background"}], annotations=[]),
        "names no category but background. List what is drawn under `categories`",
        None,
    ),
    (without("images"), "is of image 1, which is not under `images`. List it there", None),
    (without("categories"), "is of category 1, which is not under `categories`. List it there", None),
    (at("categories", 1, name="plate"), "Rename one, or take it out and give its annotations", None),
    (at("categories", 1, name="plate"), "or take it out and give its annotations the id of the other", join_categories),
    (list_twice, "Take all but one entry out, and give the annotations its id", None),
    (drawn([]), "Draw the outline, or take the annotation out: a box is no mask", without("annotations")),
    (
        drawn({"size": [8, 11], "counts": [0, 88]}),
        "the run-length encoding is 11x8 pixels, but the image is 12x8. Encode it at the size of the image",
        drawn({"size": [8, 12], "counts": [0, 96]}),
    ),
    (
        drawn({"size": [8, 12], "counts": [0, 88]}),
        "the runs cover 88 pixels, but the image has 96. Encode it again",
        drawn({"size": [8, 12], "counts": [0, 96]}),
    ),
    (drawn([[1, 1, 4, 4]]), "a polygon has 4 numbers. Give x and y of three points or more", TRIANGLE),
    (
        drawn([[1, 1, 400, 1, 4, 4]]),
        "a polygon reaches far out of the image of 12x8. Give it in pixels",
        TRIANGLE,
    ),
]


@of(coco)
def json_with_faults(data: Data) -> Iterator[str]:
    good = (data.folder / data.options["annotations"]).read_bytes()
    data.write(data.options["annotations"], POINTER)
    yield "is a Git LFS pointer"
    data.write(data.options["annotations"], good[:-9])
    yield "Mend the JSON there"
    data.write(data.options["annotations"], good)
    for change, message, mend in FAULTY_JSONS:
        data.change(change)
        yield message
        if mend is None:
            data.write(data.options["annotations"], good)
        else:
            data.change(mend)
        data.read()
        data.write(data.options["annotations"], good)


@of(coco)
def files_of_one_name(data: Data) -> Iterator[str]:
    Image.open(data.folder / "images/0.jpg").save(data.folder / "images/0.png")
    data.change(lambda coco: coco["images"][1].update(file_name="0.png"))
    yield "share a name. Rename one"
    (data.folder / "images/0.png").rename(data.folder / "images/x.png")
    data.change(lambda coco: coco["images"][1].update(file_name="x.png"))


@of(coco)
def files_in_two_folders(data: Data) -> Iterator[str]:
    shutil.copytree(data.folder / "images", data.folder / "again")
    yield "Take one away, or say in `file_name` where it lies"
    data.change(lambda coco: [image.update(file_name=f"again/{image['file_name']}") for image in coco["images"]])
    data.read()
    shutil.rmtree(data.folder / "images")


@of(coco)
def images_that_are_nowhere(data: Data) -> Iterator[str]:
    (data.folder / "images/0.jpg").rename(data.folder / "elsewhere.jpg")
    yield "Add or rename what is meant, or set source.skip_unmatched: true"
    data.options["skip_unmatched"] = True
    data.read()
    del data.options["skip_unmatched"]
    data.change(lambda coco: coco["images"][0].update(file_name="elsewhere.jpg"))


@of(exported_json)
def other_categories_in_a_folder(data: Data) -> Iterator[str]:
    data.change(lambda coco: coco["categories"][1].update(name="dish"), "train/_annotations.coco.json")
    yield "has other categories than"
    data.change(lambda coco: coco["categories"][1].update(name="plate"), "train/_annotations.coco.json")


@of(exported_json)
def another_export_beside_it(data: Data) -> Iterator[str]:
    shutil.copytree(data.folder, data.folder / "again/copy")
    yield "Say in source.annotations which one is meant"
    good, data.options["annotations"] = data.options["annotations"], "again/copy/test/_annotations.coco.json"
    data.read()
    data.options["annotations"] = good
    shutil.rmtree(data.folder / "again")


@of(exported_masks)
def another_export_of_masks_beside_it(data: Data) -> Iterator[str]:
    shutil.copytree(data.folder, data.folder / "again/copy")
    yield "Name one of them in source.path"
    data.folder = data.folder / "again/copy"


@of(exported_masks)
def another_list_in_a_folder(data: Data) -> Iterator[str]:
    good = (data.folder / "train/_classes.csv").read_bytes()
    data.write("train/_classes.csv", good.replace(b"cup", b"mug"))
    yield "differ. Give all folders of the export one list"
    data.write("train/_classes.csv", good)


@of(published("coco_object_instances"))
def categories_that_are_not_cocos(data: Data) -> Iterator[str]:
    name = "annotations_trainval2017.zip/annotations/instances_val2017.json"
    data.change(lambda coco: coco["categories"][0].update(name="human"), name)
    yield "has other categories than COCO's 80. Read it as coco_json, or fetch it again"
    data.format, data.options = "coco_json", {"annotations": name}


@of(published("context"))
def context_with_faults(data: Data) -> Iterator[str]:
    name = "trainval_merged.json"
    good = (data.folder / name).read_text()
    data.change(lambda merged: merged["images"][0].update(image_id=merged["images"][1]["image_id"]), name)
    yield "is there more than once. Give each its own"
    data.write(name, good)
    data.change(lambda merged: merged["annos_segmentation"][0].update(segmentation=[]), name)
    data.change(lambda merged: merged["annos_segmentation"][0].update(image_id=merged["images"][1]["image_id"]), name)
    yield "has no segmentation. Draw its outline, or take the annotation out: a box is no mask"
    data.write(name, good)
    (picture,) = data.folder.rglob("2008_000001.jpg")
    picture.rename(picture.with_name("other.jpg"))
    yield "is nowhere in"
    picture.with_name("other.jpg").rename(picture)


@of(published("voc_aug"))
def a_broken_mask_of_sbd(data: Data) -> Iterator[str]:
    data.options["augmented"], data.format, data.calib = True, "voc", 6
    good = {path: path.read_bytes() for path in data.folder.rglob("*.mat")}
    for path in good:
        path.write_bytes(b"none")
    yield "cannot be read as a mask of SBD"
    for path, content in good.items():
        path.write_bytes(content)


@of(*map(published, ("voc", "ade20k", "cityscapes", "coco_object", "coco_stuff", "coco_object_instances")))
def another_place(data: Data) -> Iterator[str]:
    good, data.folder = data.folder, data.folder.parent / "elsewhere"
    data.folder.mkdir()
    yield "lies there. Mend source.path or run.folder in params.yaml"
    data.folder = good


# Where the messages of a story were raised, once it was told in this process.
TOLD: dict[int, set[tuple[str, int]]] = {}


@pytest.mark.parametrize("story", range(len(STORIES)), ids=[story.__name__ for _, story in STORIES])
def test_what_a_message_says_helps(tmp_path: Path, story: int) -> None:
    TOLD[story] = play(tmp_path, *STORIES[story])


def test_every_message_of_a_reader_has_been_heeded(tmp_path: Path) -> None:
    for story in set(range(len(STORIES))) - TOLD.keys():
        TOLD[story] = play(tmp_path / str(story), *STORIES[story])
    told = set.union(*TOLD.values())
    for path in SOURCES.glob("*.py"):
        if path.name not in OTHERS:
            lines = [line for name, line in told if name == path.name]
            for raised in raises(path):
                heeded = any(raised.lineno <= line <= (raised.end_lineno or 0) for line in lines)
                assert heeded, f"{path}:{raised.lineno}: no story tells of {ast.unparse(raised)}"


def raises(path: Path) -> Iterator[ast.Raise]:
    """Finds where a module refuses something."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        called = node.exc.func if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) else None
        if isinstance(node, ast.Raise) and called and ast.unparse(called) in ("UserError", "NamedFault"):
            yield node


def play(place: Path, make: Callable[[Path], Data], story: Story) -> set[tuple[str, int]]:
    """Has data read at every turn of a story, and when it has ended well; returns where messages were raised."""
    data = make(place / "data")
    data.out = place / "out"
    told = set()
    for message in story(data):
        with pytest.raises(UserError) as caught:
            data.read()
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
        last = traceback.extract_tb(caught.value.__traceback__)[-1]
        told.add((Path(last.filename).name, last.lineno or 0))
    data.read()
    return told
