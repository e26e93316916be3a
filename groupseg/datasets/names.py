"""Lists of names: classes, and the images of a split."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from groupseg.errors import UserError

# PASCAL VOC's classes 1..20 under the names that GroupViT gives them (table, plant, monitor).
VOC_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "table", "dog", "horse", "motorbike", "person", "plant", "sheep", "sofa", "train", "monitor",
)  # fmt: skip


def read_lines(path: Path) -> list[str]:
    """Returns the lines of a list, stripped, blank lines at the end left out.

    Raises:
        UserError: If the file is missing, not UTF-8, empty, or has a blank line or a line twice.
    """
    try:
        # utf-8-sig: editors on Windows put a byte order mark in front.
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").rstrip().splitlines()]
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Write it: one name a line.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8 text.") from error
    if not lines:
        raise UserError(f"{path} is empty. Write at least one name in it, one a line.")
    if "" in lines:
        raise UserError(f"{path}: line {lines.index('') + 1} is blank. Take it out, or name it.")
    if twice := _repeated(lines):
        raise UserError(f"{path}: {', '.join(twice)} named more than once. Each line must differ.")
    return lines


def read_classes(path: Path) -> tuple[tuple[str, ...], bool]:
    """Reads a class list, line i of which names mask value i.

    Returns:
        The classes without background, and whether the first line is `background`.

    Raises:
        UserError: As `read_lines`; or if background stands elsewhere than first, or alone.
    """
    lines = read_lines(path)
    background = lines[0].lower() == "background"
    classes = tuple(lines[1:] if background else lines)
    if any(name.lower() == "background" for name in classes):
        raise UserError(
            f"{path}: background must be the first line, value 0 in the masks. Renumber the masks, or name it"
            " otherwise."
        )
    if not classes:
        raise UserError(f"{path} names no class but background. Write the classes below it.")
    return classes, background


def draw(names: Sequence[str], calib: float, seed: int) -> list[str]:
    """Draws the calibration images: `calib` of them, or that share of `names` where it is below 1.

    The order is that of a hash of seed and name, the same with every version of every library; an image more
    or less moves hardly any other.

    Returns:
        The names drawn, sorted. None may be drawn, or all: it is the shards that refuse an empty split.

    Raises:
        UserError: If more are asked for than there are.
    """
    count = round(calib * len(names)) if calib < 1 else int(calib)
    if count > len(names):
        raise UserError(f"source.calib: {count} images asked for, but there are {len(names)} to draw from. Lower it.")
    return sorted(sorted(names, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())[:count])


def check_disjoint(first: Path, second: Path) -> None:
    """Raises UserError if two lists share a name."""
    if both := sorted(set(read_lines(first)) & set(read_lines(second))):
        raise UserError(
            f"{first} and {second} overlap: {_some(both)} in both. Take each out of one: what is fitted on an"
            " image must not be judged on it."
        )


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _some(names: Sequence[str]) -> str:
    """Names up to five, and says how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
