"""Single files out of tar archives."""

import tarfile
from collections.abc import Iterable
from pathlib import Path

from groupseg.errors import UserError


class TarFiles:
    """The files in some tars by name. To find one all headers are read; it is done once for all of them.

    Args:
        paths: The tars.

    Raises:
        UserError: If one is missing or damaged.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._places: dict[str, tuple[Path, int, int]] = {}
        for path in paths:
            try:
                with tarfile.open(path) as tar:
                    self._places |= {member.name: (path, member.offset_data, member.size) for member in tar}
            except (tarfile.TarError, OSError) as error:
                raise UserError(f"{path} is missing or damaged: {error}. Delete it and run `dvc repro`.") from error

    def __contains__(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._places

    def read(self, name: str) -> bytes:
        """Returns the content of a file.

        Raises:
            KeyError: If there is none.
        """
        path, offset, size = self._places[name]
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)
