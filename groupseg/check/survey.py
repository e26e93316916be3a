"""What a prepared data set holds: one pass over its shards."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from groupseg.check.forms import check_prepared
from groupseg.check.twins import Print, find_twins, fingerprint
from groupseg.datasets.folds import image_folds
from groupseg.datasets.notes import Note
from groupseg.datasets.shards import read_crossfit, read_prepared_classes, read_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json

SPLITS = ("calib", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """The images of a split.

    Attributes:
        keys: Of the N images, in their order.
        names: What their owner calls them.
        sizes: [N, 2] int64, width and height.
        pixels: [N, C + 2] int64, pixels of the labels 0..C; last, those that are ignored.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    sizes: NDArray[np.int64]
    pixels: NDArray[np.int64]

    @property
    def images(self) -> NDArray[np.int64]:
        """How many images show each label, [C + 1]."""
        return np.asarray(np.count_nonzero(self.pixels[:, :-1], axis=0), dtype=np.int64)

    @property
    def shares(self) -> NDArray[np.float64]:
        """What share of the labelled pixels each label has, [C + 1]; zeros where nothing is labelled."""
        total = self.pixels[:, :-1].sum(axis=0)
        return np.asarray(total / max(int(total.sum()), 1), dtype=np.float64)

    @property
    def ignored(self) -> float:
        """Share of all pixels that are ignored."""
        return float(self.pixels[:, -1].sum() / max(int(self.pixels.sum()), 1))

    @property
    def unlabelled(self) -> list[int]:
        """Rows of the images in which no pixel has a label."""
        rows: list[int] = np.flatnonzero(self.pixels[:, :-1].sum(axis=1) == 0).tolist()
        return rows


@dataclass(frozen=True)
class Twins:
    """Two images that are the same or nearly so.

    Attributes:
        first: Split and row.
        second: Split and row.
        same: Whether every pixel is equal; else one is scaled, compressed or slightly changed.
    """

    first: tuple[str, int]
    second: tuple[str, int]
    same: bool


@dataclass(frozen=True, eq=False)
class Survey:
    """A prepared data set.

    Attributes:
        name: Its name.
        folder: Where it lies.
        classes: Names of the C classes, without background.
        background: Whether label 0 is a label of the data set.
        folds: In how many folds its test images are calibrated and judged in turn; 0 = they are not.
        splits: By name; `calib` is missing where it is cross-fitted.
        twins: Images that are there twice.
        size: Bytes on the disk.
        notes: What stood out when it was prepared.
    """

    name: str
    folder: Path
    classes: tuple[str, ...]
    background: bool
    folds: int
    splits: dict[str, Split]
    twins: tuple[Twins, ...]
    size: int
    notes: tuple[Note, ...] = ()

    @property
    def labels(self) -> list[int]:
        """The labels that the data set has: 1..C, and 0 before them where that is background."""
        return list(range(0 if self.background else 1, len(self.classes) + 1))

    def missing(self, split: str) -> list[int]:
        """The labels of which a split has no pixel."""
        images = self.splits[split].images
        return [label for label in self.labels if images[label] == 0]

    def label_name(self, label: int) -> str:
        """What a label is called."""
        return self.classes[label - 1] if label else "background"

    def image_name(self, place: tuple[str, int]) -> str:
        """What the owner calls an image, by its split and row."""
        split, row = place
        return self.splits[split].names[row]

    def leaks(self, twins: Twins) -> bool:
        """Whether a strategy may be fitted on one of two images and judged on the other."""
        one, other = self._part(twins.first), self._part(twins.second)
        return one != other

    def _part(self, place: tuple[str, int]) -> str:
        """What is judged by one fit: a split, or a fold of it."""
        split, row = place
        return f"fold {image_folds((self.splits[split].keys[row],), self.folds)[0]}" if self.folds else split


def survey(root: Path, name: str) -> Survey:
    """Looks through all images of a prepared data set.

    Args:
        root: The folder of the project.
        name: The data set, which lies in data/prepared below it.

    Raises:
        UserError: If it is not prepared, or damaged.
    """
    folder = root / "data/prepared" / name
    if not (folder / "classes.json").is_file():
        there = ", ".join(sorted(path.parent.name for path in folder.parent.glob("*/classes.json"))) or "nothing"
        raise UserError(
            f"{folder} holds no prepared data set; there is {there}. Run `dvc repro prepare@{name}`, with {name} in"
            " run.datasets."
        )
    check_prepared(folder)
    classes, background = read_prepared_classes(folder)
    folds = read_crossfit(folder)
    splits, prints, places = {}, [], []
    for split in SPLITS[bool(folds) :]:
        splits[split], found = _look_through(folder, name, split, len(classes))
        prints += found
        places += [(split, row) for row in range(len(found))]
    twins = tuple(
        Twins(places[first], places[second], prints[first].digest == prints[second].digest)
        for first, second in find_twins(prints)
    )
    size = sum(path.stat().st_size for path in folder.iterdir())
    return Survey(name, folder, classes, background, folds, splits, twins, size, _notes(folder))


def _notes(folder: Path) -> tuple[Note, ...]:
    """Returns what `groupseg.datasets.audit` wrote of a data set of files; nothing of one that was drawn."""
    path = folder / "findings.json"
    notes = read_json(path)["notes"] if path.is_file() else []
    return tuple(Note(note["text"], tuple(note["names"])) for note in notes)


def _look_through(folder: Path, name: str, split: str, classes: int) -> tuple[Split, list[Print]]:
    """Reads the images of a split, one at a time."""
    keys, names, sizes, pixels, prints = [], [], [], [], []
    for sample in tqdm(read_samples(folder, split), desc=f"check {name} {split}", unit="image", disable=None):
        keys.append(sample.key)
        names.append(sample.name)
        sizes.append(sample.image.shape[1::-1])
        pixels.append(np.bincount(np.minimum(sample.mask, classes + 1).ravel(), minlength=classes + 2))
        prints.append(fingerprint(sample.image))
    return Split(tuple(keys), tuple(names), np.array(sizes), np.array(pixels, dtype=np.int64)), prints
