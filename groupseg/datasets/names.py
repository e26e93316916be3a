"""Lists of names: classes, and the images of a split."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files

from groupseg.errors import UserError
from groupseg.sources.tree import Tree


def parse_lines(data: bytes, label: str) -> list[str]:
    """Returns the lines of a list, stripped, blank lines at the end left out.

    Args:
        data: The file.
        label: What it is called in errors.

    Raises:
        UserError: If it is not UTF-8, empty, or has a blank line or a line twice.
    """
    try:
        # utf-8-sig: editors on Windows put a byte order mark in front.
        lines = [line.strip() for line in data.decode("utf-8-sig").rstrip().splitlines()]
    except UnicodeDecodeError as error:
        raise UserError(f"{label} is not UTF-8 (byte {error.start}). Save it as UTF-8 text.") from error
    if not lines:
        raise UserError(f"{label} is empty. Write at least one name in it, one a line.")
    if "" in lines:
        raise UserError(f"{label}: line {lines.index('') + 1} is blank. Take it out, or name it.")
    if twice := repeated(lines):
        raise UserError(f"{label}: {', '.join(twice)} named more than once. Each line must differ.")
    return lines


def read_lines(tree: Tree, name: str) -> list[str]:
    """Reads a list of names.

    Raises:
        UserError: If it is missing, or as `parse_lines`.
    """
    return parse_lines(tree.read(name), tree.where(name))


def read_classes(tree: Tree, name: str) -> tuple[tuple[str, ...], bool]:
    """Reads a class list, line i of which names mask value i.

    Returns:
        The classes without background, and whether the first line is `background`.

    Raises:
        UserError: As `read_lines`; or if background stands elsewhere than first, or alone.
    """
    return _classes(read_lines(tree, name), tree.where(name))


def class_list(name: str) -> tuple[str, ...]:
    """Returns the classes of a published data set, without background, by their official names and in their order.

    Lists of the package: voc, context, coco_object, coco_stuff, ade20k, cityscapes.
    """
    file = files("groupseg.datasets") / "lists" / f"{name}.txt"
    return _classes(parse_lines(file.read_bytes(), file.name), file.name)[0]


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


def check_disjoint(first: Iterable[str], second: Iterable[str], first_label: str, second_label: str) -> None:
    """Raises UserError if two lists share a name."""
    if both := sorted(set(first) & set(second)):
        raise UserError(
            f"{first_label} and {second_label} overlap: {_some(both)} in both. Take each out of one: what is fitted on"
            " an image must not be judged on it."
        )


def repeated(names: Iterable[str]) -> list[str]:
    """Returns the names that are there more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def _classes(lines: list[str], label: str) -> tuple[tuple[str, ...], bool]:
    background = lines[0].lower() == "background"
    classes = tuple(lines[1:] if background else lines)
    if any(name.lower() == "background" for name in classes):
        raise UserError(
            f"{label}: background must be the first line, value 0 in the masks. Renumber the masks, or name it"
            " otherwise."
        )
    if not classes:
        raise UserError(f"{label} names no class but background. Write the classes below it.")
    return classes, background


def _some(names: Sequence[str]) -> str:
    """Names up to five, and says how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
