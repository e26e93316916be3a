"""Where files from outside are kept: beyond the repository, so that a second clone downloads nothing."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Returns the folder that all checkouts share: `GROUPSEG_CACHE`, else the user's cache folder of the system."""
    if given := os.environ.get("GROUPSEG_CACHE"):
        return Path(given).expanduser()
    return platformdirs.user_cache_path("groupseg", appauthor=False)
