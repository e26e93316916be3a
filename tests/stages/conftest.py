"""Folders to run stages in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.datasets.conftest import real  # noqa: F401  (a fixture)

SHIPPED = Path(__file__).parents[2] / "params.yaml"


def enter(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Makes a folder that holds the shipped params.yaml, and goes there; stages work in this process alone."""
    folder.mkdir()
    shutil.copy(SHIPPED, folder)
    patch.chdir(folder)
    patch.setenv("GROUPSEG_WORKERS", "1")
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the test: empty but for the shipped params.yaml."""
    return enter(tmp_path / "project", monkeypatch)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The working folder of all tests of a module, which change nothing in it once it is set up."""
    with pytest.MonkeyPatch.context() as patch:
        yield enter(tmp_path_factory.mktemp("shared") / "project", patch)


@pytest.fixture
def copied(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the module's folder, as the working folder of a test that changes something."""
    folder = tmp_path / "copied"
    shutil.copytree(shared, folder)
    monkeypatch.chdir(folder)
    return folder
