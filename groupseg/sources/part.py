"""A file that is on its way: the bytes that are there, and how long a server is waited for."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json


@dataclass(frozen=True)
class RetryPolicy:
    """How long a server is waited for.

    Args:
        connect: Seconds until a connection must stand.
        stall: Seconds without a byte after which a connection counts as broken.
        retries: How often it is tried again without a new byte.
        backoff: Seconds before the second retry; doubles with each that follows.
        slowest: Bytes a second; a server that sends fewer for as long as `stall` is given up.
    """

    connect: float = 15.0
    stall: float = 60.0
    retries: int = 4
    backoff: float = 1.0
    slowest: float = 1024.0


class Failed(Exception):
    """A server does not give the file; another one may. The message says why, in some words."""


class Part:
    """The bytes of a file that is on its way, and which file of which server they are of.

    Args:
        path: Where they are kept until all are there.

    Attributes:
        total: How many the whole file has; None until a server says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.total: int | None = None
        self._note = path.with_name(f"{path.name}.json")

    def size(self) -> int:
        """How many there are."""
        return self.path.stat().st_size if self.path.exists() else 0

    def note(self, url: str, validator: str | None) -> None:
        """Writes down where they come from.

        Args:
            url: Where they were asked for.
            validator: What the server names this state of the file by: a strong ETag, or a time; None if neither.
        """
        write_json(self._note, {"url": url, "validator": validator})

    def validator(self, url: str) -> str | None:
        """What `url` named the file by that these bytes are of; None if that is not known."""
        with contextlib.suppress(UserError):
            noted = read_json(self._note)
            if noted["url"] == url:
                return noted["validator"]  # type: ignore[no-any-return]
        return None

    def remove(self) -> None:
        """Forgets all of it."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
