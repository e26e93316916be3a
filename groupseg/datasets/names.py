"""Lists of names: classes, and the images of a split."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files

from groupseg.datasets.texts import decode_text
from groupseg.errors import UserError
from groupseg.sources.tree import Tree


def parse_lines(data: bytes, label: str) -> list[str]:
    """Returns the lines of a list, stripped, blank lines at the end left out.

    Args:
        data: The file.
        label: What it is called in errors.

    Raises:
        UserError: If it is no text (`decode_text`), empty, or has a blank line or a line twice.
    """
    lines = [line.strip() for line in decode_text(data, label).rstrip().splitlines()]
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


def class_list(name: str) -> tuple[str, ...]:
    """Returns the classes of a published data set, without background, by their official names and in their order.

    Lists of the package: voc, context, coco_object, coco_stuff, ade20k, cityscapes.
    """
    file = files("groupseg.datasets") / "lists" / f"{name}.txt"
    lines = parse_lines(file.read_bytes(), file.name)
    return tuple(lines[lines[0] == "background" :])


def draw_names(names: Sequence[str], calib: float, seed: int) -> list[str]:
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


def _some(names: Sequence[str]) -> str:
    """Names up to five, and says how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
