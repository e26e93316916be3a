"""Finding the images that a JSON names, as annotation tools write their names."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from groupseg.datasets.notes import Note, counted
from groupseg.datasets.texts import is_text
from groupseg.errors import NamedFault, UserError
from groupseg.sources.tree import Tree

# What Label Studio puts before the name of a file that was uploaded.
_UPLOADED = re.compile(r"[0-9a-f]{8}-")


@dataclass
class Located:
    """Where images lie.

    Attributes:
        found: The name in the tree of each image, by what the JSON calls it.
        guessed: Those whose path in the JSON is another one, by how they were found.
        missing: Those that lie nowhere.
    """

    found: dict[str, str] = field(default_factory=dict)
    guessed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    missing: list[str] = field(default_factory=list)

    def notes(self, label: str) -> Iterator[Note]:
        """Says which were found otherwise than by their path; `label` is the JSON."""
        for how, files in self.guessed.items():
            yield Note(f"{label}: {counted(len(files), 'image')} found by {how}:", tuple(files))


def locate(tree: Tree, files: Iterable[str], label: str, near: str = "") -> Located:
    """Finds images by the end of their path; else by what is left of it once the tool that wrote it is known.

    Args:
        tree: Where to look.
        files: As the JSON names them.
        label: What the JSON is called in errors.
        near: The folder of the JSON, with a slash at its end: of several places one in it is meant, or in the folder
            above it.

    Raises:
        UserError: If an image is in several folders.
    """
    by_file: dict[str, list[str]] = {}
    for name in tree.names():
        if is_text(name):
            by_file.setdefault(plain_path(name).rpartition("/")[2].casefold(), []).append(name)
    located = Located()
    for file in files:
        for how, wanted in _forms(file):
            places = _places(by_file, f"/{wanted}")
            if len(places) > 1:
                places = _nearest(places, near)
            if len(places) > 1:
                where = " and ".join(places[:2])
                raise UserError(
                    f"{label}: image {file} is in {where}. Take one away, or say in `file_name` where it lies."
                )
            if places:
                located.found[file] = places[0]
                if how:
                    located.guessed[how].append(file)
                break
        else:
            located.missing.append(file)
    return located


def find_images(tree: Tree, files: Iterable[str], label: str) -> dict[str, str]:
    """Returns the name in the tree of each image that a JSON names; see `locate`.

    Raises:
        UserError: If an image is not there, or in several folders.
    """
    located = locate(tree, files, label)
    if located.missing:
        more = f" and {len(located.missing) - 1:,} more" if len(located.missing) > 1 else ""
        raise NamedFault(
            f"{label}: image {located.missing[0]}{more} is nowhere in {tree.label}. Add the file, or say in `file_name`"
            " where it lies.",
            located.missing,
        )
    return located.found


def plain_path(name: str) -> str:
    """Brings a path into one form: slashes of Unix, and accents composed, which macOS takes apart."""
    return unicodedata.normalize("NFC", name.replace("\\", "/").removeprefix("./"))


def _forms(file: str) -> Iterator[tuple[str, str]]:
    """Yields what an image may be called, the likeliest first, and how that is said; "" for the path as it stands."""
    path = plain_path(file)
    yield "", path
    decoded = unquote(path)
    if decoded != path:
        yield "their names without the escapes of a URL", decoded
    if "?d=" in decoded:
        yield "the path behind `?d=`", decoded.partition("?d=")[2].removeprefix("/")
    base = re.split(r"[/=]", path)[-1]
    yield "their base names alone", base
    yield "their base names alone", unquote(base)
    if uploaded := _UPLOADED.match(base):
        yield "their base names without what Label Studio puts before them", unquote(base[uploaded.end() :])


def _nearest(places: list[str], near: str) -> list[str]:
    """Returns the places in a folder; else those in the folder above it, and so on."""
    folder = near.rstrip("/")
    while folder:
        if inside := [place for place in places if place.startswith(f"{folder}/")]:
            return inside
        folder = folder.rpartition("/")[0]
    return places


def _places(by_file: dict[str, list[str]], wanted: str) -> list[str]:
    """Returns the names in the tree that end so; without one, those that do but for capital letters."""
    there = by_file.get(wanted.rpartition("/")[2].casefold(), [])
    exact = [name for name in there if f"/{plain_path(name)}".endswith(wanted)]
    return exact or [name for name in there if f"/{plain_path(name)}".casefold().endswith(wanted.casefold())]
