"""What a look at somebody's images and labels tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tqdm import tqdm

from groupseg.datasets.labelled import LabelledFiles
from groupseg.errors import UserError

T = TypeVar("T")

# Files of each kind that are read, evenly chosen.
LOOKED = 200
# With fewer images all are judged, in folds, rather than half of them set apart.
_FEW = 200
# Of things that are named as examples, how many.
_NAMED = 3


@dataclass(frozen=True)
class Look:
    """What a folder or archive was found to hold.

    Attributes:
        layout: How it is laid out, in words.
        source: Its `source` in params.yaml, but for the path.
        names: Its `prompts.names`: other words for classes, or the name of a published variant.
        notes: What was found, a line each.
        faults: What must be mended before it can be prepared, a line each.
    """

    layout: str
    source: Mapping[str, Any]
    names: str | Mapping[str, str]
    notes: tuple[str, ...]
    faults: tuple[str, ...]

    def section(self, path: str) -> dict[str, Any]:
        """Returns its section of params.yaml; `path` is where it lies below `run.folder`."""
        first, *rest = self.source.items()
        prompts = {"templates": ["a photo of a {}."], "names": self.names}
        return {"source": dict([first, ("path", path), *rest]), "prompts": prompts}


def calibration(images: int, listed: bool = False) -> tuple[dict[str, Any], str]:
    """Decides on what is calibrated where there are no official splits.

    Args:
        images: How many there are.
        listed: Whether their owner says which are for calibration.

    Returns:
        What stands of it in `source`, and a sentence.
    """
    if listed:
        return {"calib": 0.5, "seed": 0}, "splits/calib.txt says which images are calibrated on"
    if images < _FEW:
        return {"crossfit": 5}, f"fewer than {_FEW} images: all are calibrated on and judged in turn, in 5 folds"
    return {"calib": 0.5, "seed": 0}, "half of the images are drawn for calibration, the others are judged"


def unreadable(files: LabelledFiles) -> Iterator[str]:
    """Reads images with their labels, evenly chosen, and yields what is wrong with some of them."""
    items = evenly([item for split in files.splits.values() for item in split])
    faults = []
    for item in tqdm(items, desc="look", unit="image", disable=None):
        try:
            files.load(item)
        except UserError as error:
            faults.append(str(error))
    yield from faults[:_NAMED]
    if more := len(faults) - _NAMED if len(faults) > _NAMED else 0:
        yield f"{more:,} more of the {len(items):,} images that were looked at cannot be read either."


def spoken(classes: Sequence[str]) -> dict[str, str]:
    """Returns other words for the classes whose names hold underscores, which no caption does."""
    return {name: words for name in classes if "_" in name and (words := " ".join(name.replace("_", " ").split()))}


def evenly(things: Sequence[T]) -> list[T]:
    """Chooses up to `LOOKED` things, from the first to the last."""
    return list(things[:: max(1, -(-len(things) // LOOKED))])


def some(names: Sequence[str]) -> str:
    """Names a few, and says how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def counted(number: int, thing: str) -> str:
    """Writes a number of things, such as "24 images"."""
    plural = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"{number:,} {thing if number == 1 else plural}"
