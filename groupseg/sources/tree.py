"""Files by name, wherever they lie: in a folder, in an archive, or in several of both."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from groupseg.errors import UserError
from groupseg.io.plain_file import not_plain
from groupseg.sources import names as checks
from groupseg.sources.cache import cache_folder
from groupseg.sources.tar import TarTree, is_tar, plain_tar
from groupseg.sources.zip import ZipTree

__all__ = ["Folder", "Merged", "SingleFile", "TarTree", "Tree", "ZipTree", "open_tree"]


class Tree(Protocol):
    """Files that are read by name. Names are POSIX paths relative to the root of the tree, such as "images/a.jpg".

    Trees can be pickled and used in many processes at once.
    """

    @property
    def label(self) -> str:
        """What it is called in errors: the path of the folder or archive."""

    def names(self) -> tuple[str, ...]:
        """Returns the names of all files, sorted; hidden files are passed over."""

    def __contains__(self, name: object) -> bool: ...

    def read(self, name: str) -> bytes:
        """Returns the bytes of a file.

        Raises:
            UserError: If it is missing or damaged.
        """

    def where(self, name: str) -> str:
        """Says where a file lies, for errors, such as "archive.tar/images/a.jpg"."""


def open_tree(path: Path) -> Tree:
    """Opens what lies at `path`: a folder, a tar or zip by its suffix, or any other file as a tree of one.

    A compressed tar is decompressed once into the cache; all others are read in place.

    Raises:
        UserError: If nothing lies there, or the archive is damaged or not to be trusted.
    """
    if path.is_dir():
        return Folder(path)
    if reason := not_plain(path):
        raise UserError(f"{path} {reason}. Mend the path in params.yaml, or put the file there.")
    if is_tar(path):
        return TarTree(plain_tar(path, cache_folder() / "plain"), label=str(path))
    return ZipTree(path) if path.suffix.lower() == ".zip" else SingleFile(path)


class Folder:
    """The files below a folder. Links are followed: they are the owner's own.

    Args:
        path: The folder.

    Raises:
        UserError: If it is none.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise UserError(f"{path} is no folder. Mend the path in params.yaml, or make it.")
        self.path = path
        self.label = str(path)
        # Text, not Path: with tens of thousands of files this is felt.
        self._before = f"{path}/" if path.parts else ""
        self._names: tuple[str, ...] | None = None
        # What files with backslashes in their names are really called: archives of Windows may unpack to such.
        self._stored: dict[str, str] = {}

    def names(self) -> tuple[str, ...]:
        """Returns the names of all files, sorted; backslashes in them are slashes. They are looked for once.

        Raises:
            UserError: If a folder cannot be read, or a name is there with a slash and with a backslash.
        """
        if self._names is None:
            found = set(self._walk("", set()))
            self._stored = {checks.posix_name(name): name for name in found if "\\" in name}
            rest = found - set(self._stored.values())
            if both := sorted(rest & self._stored.keys()):
                raise UserError(f"{self.label} holds {both[0]} and {self._stored[both[0]]}. Take one of them away.")
            self._names = tuple(sorted(name for name in rest | self._stored.keys() if not checks.is_clutter(name)))
        return self._names

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return os.path.isfile(self._place(name)) or (name in self.names() and name in self._stored)  # noqa: PTH113

    def where(self, name: str) -> str:
        """Says where a file lies, for errors."""
        return self._before + self._stored.get(name, name)

    def read(self, name: str) -> bytes:
        """Returns the bytes of a file.

        Raises:
            UserError: If it is missing, may not be read, or its name leads out of the folder.
        """
        try:
            with open(self._place(name), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise checks.missing(self.where(name)) from error
        except OSError as error:
            raise UserError(f"{self.where(name)} cannot be read: {error.strerror}. Mend it or its rights.") from error

    def _place(self, name: str) -> str:
        return self._before + (self._stored.get(name) or checks.safe_name(name, self.label))

    def _walk(self, below: str, entered: set[str]) -> Iterator[str]:
        folder = f"{self._before}{below}" or "."
        # A link to a folder above would be followed for ever.
        if (place := os.path.realpath(folder)) in entered:
            return
        entered.add(place)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(f"{folder} cannot be read: {error.strerror}. Mend its rights, or take it away.") from error
        for entry in found:
            if entry.is_dir():
                yield from self._walk(f"{below}{entry.name}/", entered)
            elif entry.is_file():
                yield f"{below}{entry.name}"


class SingleFile:
    """A file as a tree of one, under its own name.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.label = str(path)

    def names(self) -> tuple[str, ...]:
        """Returns the name of the file."""
        return (self.path.name,)

    def __contains__(self, name: object) -> bool:
        return name == self.path.name

    def where(self, name: str) -> str:
        """Says where a file lies, for errors."""
        return self.label if name in self else f"{self.label}/{name}"

    def read(self, name: str) -> bytes:
        """Returns the bytes of the file.

        Raises:
            UserError: If it has another name, or may not be read.
        """
        if name not in self:
            raise checks.missing(self.where(name))
        return Folder(self.path.parent).read(name)


class Merged:
    """Several trees as one.

    Args:
        trees: At least one.

    Raises:
        UserError: If a name is in two of them.
    """

    def __init__(self, trees: Sequence[Tree]) -> None:
        self.label = " + ".join(tree.label for tree in trees)
        self._trees = tuple(trees)
        self._owner: dict[str, int] = {}
        for index, tree in enumerate(trees):
            for name in tree.names():
                if (other := self._owner.setdefault(name, index)) != index:
                    raise UserError(f"{name} is in {trees[other].label} and in {tree.label}. Name one of the two.")

    def names(self) -> tuple[str, ...]:
        """Returns the names of all files, sorted."""
        return tuple(sorted(self._owner))

    def __contains__(self, name: object) -> bool:
        return name in self._owner

    def where(self, name: str) -> str:
        """Says where a file lies, for errors."""
        return self._trees[self._owner[name]].where(name) if name in self else f"{self.label}/{name}"

    def read(self, name: str) -> bytes:
        """Returns the bytes of a file.

        Raises:
            UserError: If it is missing or damaged.
        """
        if name not in self:
            raise checks.missing(self.where(name))
        return self._trees[self._owner[name]].read(name)
