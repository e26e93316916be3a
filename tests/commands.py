"""The command line, called within the process of a test."""

import pytest

from groupseg.cli import app


def call(*arguments: str) -> int | str | None:
    """Runs a command and returns its exit status."""
    with pytest.raises(SystemExit) as left:
        app(arguments)
    return left.value.code
