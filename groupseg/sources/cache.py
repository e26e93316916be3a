"""Where files from outside are kept: beyond the repository, so that a second clone downloads nothing."""

import os
from pathlib import Path

import platformdirs

from groupseg.errors import UserError


def cache_folder() -> Path:
    """Returns the folder that all checkouts share: `GROUPSEG_CACHE`, else the user's cache folder of the system."""
    if given := os.environ.get("GROUPSEG_CACHE"):
        return Path(given).expanduser()
    return platformdirs.user_cache_path("groupseg", appauthor=False)


def make_folder(path: Path) -> Path:
    """Makes a folder of the cache, and returns it.

    Raises:
        UserError: If that may not be, or a file lies in its place or above it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{path} cannot be made: {error.strerror}. Mend it, or name another folder in GROUPSEG_CACHE."
        ) from error
    return path
