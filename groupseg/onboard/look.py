"""What a look at somebody's images and labels tells."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
from tqdm import tqdm

from groupseg.datasets.audit import LabelCounts, stands_out
from groupseg.datasets.entry import count_pixels
from groupseg.datasets.folds import choose_folds
from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.notes import Note, counted
from groupseg.datasets.sample import sample_key
from groupseg.errors import NamedFault, UserError

_T = TypeVar("_T")

# Files of each kind that are read, evenly chosen.
LOOKED = 200
# With fewer images all are judged, in folds, rather than half of them set apart.
_FEW = 200
# Of files that cannot be read, and of labels, how many are named.
_FAULTS, _LABELS = 3, 12


@dataclass(frozen=True)
class Look:
    """What a folder or archive was found to hold.

    Attributes:
        layout: How it is laid out, in words.
        source: Its `source` in params.yaml, but for the path.
        names: Its `prompts.names`: other words for classes, or the name of a published variant.
        notes: What was found, a line each.
        faults: What must be mended before it can be prepared, a line each.
        named: All files or annotations that one of these lines speaks of, by the line.
    """

    layout: str
    source: Mapping[str, Any]
    names: str | Mapping[str, str]
    notes: tuple[str, ...]
    faults: tuple[str, ...]
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def section(self, path: str) -> dict[str, Any]:
        """Returns its section of params.yaml; `path` is where it lies below `run.folder`."""
        first, *rest = self.source.items()
        prompts = {"templates": ["a photo of a {}."], "names": self.names}
        return {"source": dict([first, ("path", path), *rest]), "prompts": prompts, "baseline": "fixed"}


def look_from(
    title: str,
    source: Mapping[str, Any],
    names: str | Mapping[str, str],
    notes: Sequence[Note],
    faults: Sequence[Note],
) -> Look:
    """Puts a look together; a fault says itself which of its names are examples."""
    named = {str(note): note.names for note in notes} | {note.text: note.names for note in faults}
    lines = tuple(map(str, notes)), tuple(note.text for note in faults)
    return Look(title, source, names, *lines, {line: those for line, those in named.items() if those})


class Way(NamedTuple):
    """What is calibrated on: what stands of it in `source`, and a sentence."""

    source: Mapping[str, Any]
    sentence: str


def in_turn(why: str, folds: int = 5) -> Way:
    """Calibrates on all images and judges them in turn."""
    return Way({"crossfit": folds}, f"{why}: all are calibrated on and judged in turn, in {folds} folds")


def calibration(names: Collection[str], listed: bool = False) -> Way:
    """Decides on what is calibrated where there are no official splits.

    Args:
        names: Of the images.
        listed: Whether their owner says which are for calibration.
    """
    drawn = {"calib": 0.5, "seed": 0}
    if listed:
        return Way(drawn, "splits/calib.txt says which images are calibrated on")
    if len(names) < _FEW:
        return in_turn(f"fewer than {_FEW} images", choose_folds([sample_key(name) for name in names]) or 5)
    return Way(drawn, "half of the images are drawn for calibration, the others are judged")


@dataclass(frozen=True)
class Inspection:
    """What images and their labels hold, and what is wrong with them.

    Attributes:
        notes: What was found.
        faults: What must be mended, with all names where there are several.
        labelled: The keys of the images of each split of which any pixel is labelled; None where not all were read.
    """

    notes: tuple[Note, ...]
    faults: tuple[Note, ...]
    labelled: Mapping[str, Sequence[str]] | None = None

    def settled(self, way: Way) -> tuple[Way, tuple[Note, ...]]:
        """Chooses a number of folds that these images are enough for; and says what is wrong if there are too few."""
        if self.labelled is None:
            return way, ()
        if "crossfit" not in way.source:
            bare = [split for split, keys in self.labelled.items() if not keys]
            text = "no image of its {} split has a labelled pixel. List other images for it, or mend the masks."
            return way, tuple(Note(text.format(split)) for split in bare)
        keys = self.labelled["test"]
        if (folds := choose_folds(keys)) is None:
            number = counted(len(keys), "labelled image")
            return way, (Note(f"{number}: too few to calibrate on some and judge others. Add more."),)
        return in_turn(way.sentence.partition(":")[0], folds), ()


def inspect(files: LabelledFiles) -> Inspection:
    """Reads images with their labels, evenly chosen: says what stands out, and what cannot be read."""
    every = [(split, item) for split, those in files.splits.items() for item in those]
    items = evenly(every)
    faults: list[Note] = []
    labelled: dict[str, list[str]] = {split: [] for split in files.splits}
    counts = LabelCounts(
        0, np.zeros(len(files.classes) + 1, np.int64), np.zeros(len(files.classes) + 2, np.int64), 0, ()
    )
    for split, item in tqdm(items, desc="look", unit="image", disable=None):
        try:
            sample = files.load(item)
        except UserError as error:
            faults.append(fault_of(error))
            continue
        pixels = count_pixels(sample.mask, len(files.classes))
        ignored = int(sample.mask.size - pixels.sum())
        labelled[split] += [sample.key] if pixels.any() else []
        holding = (np.append(pixels, ignored) > 0).astype(np.int64)
        counts += LabelCounts(1, pixels, holding, ignored, sample.remarks)
    if len(faults) > _FAULTS:
        rest = faults[_FAULTS:]
        text = f"{len(rest):,} more of the {len(items):,} images that were looked at cannot be read either."
        faults = [*faults[:_FAULTS], Note(text, tuple(fault.text for fault in rest))]
    if faults or not items:
        return Inspection(files.notes, tuple(faults))
    try:
        found = (*files.notes, _holding(files, counts), *stands_out(files, counts))
    except UserError as error:
        return Inspection(files.notes, (fault_of(error),))
    if len(items) == len(every):
        return Inspection(found, (), labelled)
    looked = Note(f"{len(items):,} of {counted(len(every), 'image')} were read; `prepare` counts all")
    return Inspection((*found, looked), ())


def fault_of(error: UserError) -> Note:
    """Returns an error with the names that it carries."""
    return Note(str(error), error.names if isinstance(error, NamedFault) else ())


def _holding(files: LabelledFiles, counts: LabelCounts) -> Note:
    """Says in how many images each label is."""
    names = [*["background"] * files.background, *files.classes]
    held = counts.holding[0 if files.background else 1 : -1]
    parts = [f"{name} {number:,}" for name, number in zip(names, held.tolist(), strict=True)]
    more = f" and {len(parts) - _LABELS:,} more" if len(parts) > _LABELS else ""
    return Note(f"of {counted(counts.images, 'image')} hold: {', '.join(parts[:_LABELS])}{more}")


def spoken(classes: Sequence[str]) -> dict[str, str]:
    """Returns other words for the classes whose names hold underscores, which no caption does."""
    return {name: words for name in classes if "_" in name and (words := " ".join(name.replace("_", " ").split()))}


def evenly(things: Sequence[_T]) -> list[_T]:
    """Chooses up to `LOOKED` things, from the first to the last."""
    return list(things[:: max(1, -(-len(things) // LOOKED))])
