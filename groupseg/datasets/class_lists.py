"""Lists of classes as tools write them beside masks: which value, and which colour, is which class.

- one name a line, line i names value i; or a number before each name, "3: cup", which is then the value,
- labelme's labels.txt: `__ignore__` first, which is value -1 (255 in a mask), and `_background_`, which is value 0,
- labelmap.txt of CVAT: `name:r,g,b:parts:actions`, line i names value i,
- `_classes.csv` of Roboflow: `Pixel Value, Class`; other tables with a column of names, of values or of colours.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from groupseg.datasets.names import parse_lines, repeated
from groupseg.datasets.pictures import Palette
from groupseg.datasets.sample import ignore_value
from groupseg.datasets.texts import decode_text
from groupseg.errors import UserError
from groupseg.sources.tree import Tree

# The first of these that lies beside masks is taken; names in lower case.
FILES = (
    "classes.txt", "labelmap.txt", "_classes.csv", "class_names.txt", "labels.txt", "label.txt", "obj.names",
    "classes.names", "class_dict.csv", "classes.csv", "labels.csv",
)  # fmt: skip

BACKGROUND_NAMES = frozenset({"background", "_background_", "__background__"})
IGNORED = frozenset({"__ignore__", "__ignored__", "_ignore_", "ignore", "ignored", "void"})

_LABELMAP = re.compile(r"(?P<name>.*?):(?:(?P<colour>\d+, *\d+, *\d+)?):[^:]*:[^:]*")
_NUMBERED = re.compile(r"(\d+)(?:\s*[:;,.)=\t|]|\s+-)\s*(\S.*)")
_NUMBERED_BY_SPACE = re.compile(r"(\d+)\s+(\S.*)")
# Headings of tables.
_NAME = ("name", "class", "label", "class name", "class_name")
_VALUE = ("pixel value", "value", "id", "index", "number")
_RED = ("r", "red")


class ClassEntry(NamedTuple):
    """An entry of a list: the value in masks, the name, and the colour 0xRRGGBB where one is given."""

    value: int
    name: str
    colour: int | None = None


@dataclass(frozen=True)
class ClassList:
    """What the values and colours of masks mean.

    Attributes:
        label: Where the list lies, for errors and notes.
        lines: All entries.
        notes: What was done to them, a clause each.
    """

    label: str
    lines: tuple[ClassEntry, ...]
    notes: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[ClassEntry, ...]:
        """The classes: neither background nor ignored."""
        return tuple(line for line in self.lines if line.name.casefold() not in BACKGROUND_NAMES | IGNORED)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(line.name for line in self.named)

    @property
    def background(self) -> bool:
        """Whether background is listed."""
        return any(line.name.casefold() in BACKGROUND_NAMES for line in self.lines)

    @property
    def values(self) -> tuple[int, ...]:
        """All values that are listed, sorted."""
        return tuple(sorted(line.value for line in self.lines))

    def labels(self, ignore: int | None = None) -> dict[int, int]:
        """Says which label each value is: 0 = background, c = class c - 1, else `ignore_value`.

        Args:
            ignore: The value of unknown pixels; None for 255, or 65535 where 255 is listed.
        """
        unknown = ignore_value(len(self.named))
        labels = {line.value: 0 if line.name.casefold() in BACKGROUND_NAMES else unknown for line in self.lines}
        labels |= {line.value: index + 1 for index, line in enumerate(self.named)}
        listed = labels.get(255, unknown) != unknown
        return labels | {ignore if ignore is not None else 65535 if listed else 255: unknown}

    @property
    def palette(self) -> Palette | None:
        """Which value each colour is; None where the list gives no colours."""
        found = {line.colour: line.value for line in self.lines if line.colour is not None}
        return found or None


def find_class_list(tree: Tree, root: str, files: Sequence[str] = FILES) -> str | None:
    """Returns the name of the list in a folder; None where there is none.

    Args:
        tree: Where to look.
        root: The folder, "" or with a slash at its end.
        files: What the list may be called, the first before the others.
    """
    there = {name.removeprefix(root).lower(): name for name in reversed(tree.names()) if name.startswith(root)}
    return next((there[file] for file in files if file in there), None)


def read_class_list(tree: Tree, name: str) -> ClassList:
    """Reads a list of classes.

    Raises:
        UserError: If it is missing, or as `parse_class_list`.
    """
    return parse_class_list(tree.read(name), tree.where(name))


def parse_class_list(data: bytes, label: str) -> ClassList:
    """Reads a list of classes, whichever tool wrote it.

    Args:
        data: The file.
        label: What it is called in errors; its ending tells a table.

    Raises:
        UserError: If it is no text or empty, names no class, or has a value or a name twice.
    """
    if PurePosixPath(label).suffix.lower() == ".csv":
        found = _table(data, label)
    else:
        lines = parse_lines(data, label)
        found = _labelmap(lines, label) or _numbered(lines, label) or _plain(lines, label)
    for what in ("name", "value"):
        if twice := repeated(str(getattr(line, what)) for line in found.lines):
            raise UserError(f"{label}: the {what} {twice[0]} is there more than once. Each line must differ.")
    if not found.classes:
        raise UserError(f"{label} names no class but background. Write the classes below it.")
    return found


def _plain(lines: Sequence[str], label: str) -> ClassList:
    """Takes line i for value i; after labelme's `__ignore__`, for value i - 1."""
    if lines[0].casefold() == "__ignore__":
        named = [ClassEntry(255, lines[0]), *(ClassEntry(value, name) for value, name in enumerate(lines[1:]))]
        notes = (f"`{lines[0]}` is no class but value -1, unknown, and the lines below it count from 0 on",)
        return ClassList(label, tuple(named), notes)
    found = ClassList(label, tuple(ClassEntry(value, name) for value, name in enumerate(lines)))
    if any(line.name.casefold() in BACKGROUND_NAMES for line in found.lines[1:]):
        raise UserError(
            f"{label}: background must be the first line, value 0 in the masks. Renumber the masks, or write its value"
            " before each name, such as 3: background."
        )
    return found


def _numbered(lines: Sequence[str], label: str) -> ClassList | None:
    """Takes a number before each name for its value; None where not every line has one."""
    found = [_NUMBERED.fullmatch(line) for line in lines]
    spaced = [_NUMBERED_BY_SPACE.fullmatch(line) for line in lines]
    if not all(found):
        # "7 up" is a name: only numbers without a gap are none of the names'.
        numbers = [int(match[1]) for match in spaced if match]
        if len(numbers) < len(lines) or numbers not in ([*range(len(lines))], [*range(1, len(lines) + 1)]):
            return None
        found = spaced
    named = tuple(ClassEntry(int(match[1]), match[2].strip()) for match in found if match)
    return ClassList(label, named, ("the number before each name is its value, and is taken off",))


def _labelmap(lines: Sequence[str], label: str) -> ClassList | None:
    """Reads CVAT's labelmap.txt; None where the lines are of another form."""
    entries = [line for line in lines if not line.startswith("#")]
    found = [_LABELMAP.fullmatch(line) for line in entries]
    if not entries or not all(found):
        return None
    named = []
    for value, match in enumerate(match for match in found if match):
        colour = _colour(match["colour"].split(","), label) if match["colour"] else None
        named.append(ClassEntry(255 if match["name"].casefold() in IGNORED else value, match["name"].strip(), colour))
    return ClassList(label, tuple(named))


def _table(data: bytes, label: str) -> ClassList:
    """Reads a table with a heading; without one, or of one column, a list."""
    text = decode_text(data, label)
    rows = [
        [cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(cell.strip() for cell in row)
    ]
    if not rows:
        raise UserError(f"{label} is empty. Write at least one name in it, one a line.")
    heading = [cell.casefold() for cell in rows[0]]
    name, value, red = (_column(heading, words) for words in (_NAME, _VALUE, _RED))
    if name is None:
        lines = [": ".join(row) if len(row) == 2 and row[0].isdecimal() else ",".join(row) for row in rows]
        return _numbered(lines, label) or _plain(lines, label)
    named = []
    for index, row in enumerate(rows[1:]):
        cells = [*row, *[""] * (len(heading) - len(row))]
        if value is not None and not cells[value].isdecimal():
            raise UserError(f"{label}: row {index + 2} has no value: {','.join(row)!r}. Write a whole number there.")
        colour = None if red is None else _colour(cells[red : red + 3], label)
        named.append(ClassEntry(index if value is None else int(cells[value]), cells[name], colour))
    return ClassList(label, tuple(named))


def _column(heading: Sequence[str], words: Iterable[str]) -> int | None:
    return next((heading.index(word) for word in words if word in heading), None)


def _colour(parts: Sequence[str], label: str) -> int:
    """Returns 0xRRGGBB."""
    numbers = [int(part) for part in parts if part.strip().isdecimal()]
    if len(numbers) != 3 or max(numbers) > 255:
        raise UserError(f"{label}: {','.join(parts)!r} is no colour. Write red, green and blue from 0 to 255.")
    return numbers[0] << 16 | numbers[1] << 8 | numbers[2]
