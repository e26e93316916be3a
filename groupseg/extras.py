"""Libraries that `pip install groupseg` leaves out, and the extra of pyproject.toml that brings a missing one."""

from collections.abc import Iterator
from contextlib import contextmanager

from groupseg.errors import UserError


class MissingExtra(UserError, ImportError):
    """A library of an extra is not installed; the message names both."""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Says which extra brings what the block imports, where that is not installed.

    Args:
        name: The extra, such as "strategies".

    Raises:
        MissingExtra: If a library is missing. A missing module of this project is raised as it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in ("", "groupseg", "stages"):
            raise
        raise MissingExtra(f"{library} is not installed. Run `pip install 'groupseg[{name}]'`.") from error
