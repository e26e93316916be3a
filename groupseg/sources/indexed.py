"""Trees whose files are known from the start, such as archives."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from groupseg.sources import names as checks


class Indexed(ABC):
    """Files by name; see `groupseg.sources.tree.Tree`.

    Attributes:
        label: What it is called in errors.
    """

    label: str
    _index: Mapping[str, Any]  # where each file lies, by name

    def names(self) -> tuple[str, ...]:
        """Returns the names of all files, sorted."""
        return tuple(sorted(self._index))

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def where(self, name: str) -> str:
        """Says where a file lies, for errors."""
        return f"{self.label}/{name}"

    def read(self, name: str) -> bytes:
        """Returns the bytes of a file.

        Raises:
            UserError: If it is missing or damaged.
        """
        if name not in self._index:
            raise checks.missing(self.where(name))
        return self._content(name)

    @abstractmethod
    def _content(self, name: str) -> bytes:
        """Reads a file that is there."""
