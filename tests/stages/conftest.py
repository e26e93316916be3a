"""A folder to run stages in."""

import shutil
from pathlib import Path

import pytest

from tests.datasets.conftest import real  # noqa: F401  (a fixture)

SHIPPED = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the test: empty but for the shipped params.yaml."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(SHIPPED, folder)
    monkeypatch.chdir(folder)
    return folder
