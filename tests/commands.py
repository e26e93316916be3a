"""Programs: the command line, called within the process of a test, and git."""

import subprocess
from pathlib import Path

import pytest

from groupseg.cli import app


def call(*arguments: str) -> int | str | None:
    """Runs a command and returns its exit status."""
    with pytest.raises(SystemExit) as left:
        app(arguments)
    return left.value.code


def git(folder: Path, *arguments: str) -> str:
    """Runs git in a folder, as somebody who may commit, and returns what it prints."""
    somebody = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(["git", *somebody, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
