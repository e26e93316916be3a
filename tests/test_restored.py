"""A damaged file of DVC's cache: the real DVC in a small project."""

import contextlib
import shutil
from pathlib import Path

import pytest
from dvc.repo import Repo

from groupseg import cli
from groupseg.errors import UserError
from groupseg.restored import damaged_copies
from tests.commands import git

STAGES = """
stages:
  make:
    cmd: mkdir -p data/set && echo whole > data/set/a.tar && echo other > data/set/b.tar && echo one > data/one.bin
    outs: [data/set, data/one.bin]
"""
SAID = "{} is damaged: no tar. Delete it and run `dvc repro`."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    git(root, "init", "-q")
    Repo.init(str(root)).close()
    (root / "dvc.yaml").write_text(STAGES)
    with contextlib.chdir(root), Repo() as repo:
        repo.reproduce()
    return root


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def damage(content: str) -> Path:
    """Changes the entry of the cache that holds a text, as a bad disk would; returns where it lies."""
    (entry,) = (path for path in Path(".dvc/cache/files").rglob("*") if path.is_file() and path.read_text() == content)
    entry.chmod(0o644)
    entry.write_text("damaged")
    entry.chmod(0o444)
    return entry.resolve()


@pytest.mark.parametrize(("name", "content"), [("data/set/a.tar", "whole\n"), ("data/one.bin", "one\n")])
def test_a_damaged_entry_is_named_and_without_it_the_file_is_made_again(project: Path, name: str, content: str) -> None:
    assert damaged_copies(SAID.format(name)) == []
    entry = damage(content)
    Path(name).unlink()
    with Repo() as repo:
        repo.checkout(force=True)
    assert Path(name).read_text() == "damaged"
    (line,) = damaged_copies(SAID.format(name))
    assert line == f"DVC's cache holds {name} damaged as well, and would restore it. Delete {entry} too."
    Path(name).unlink()
    entry.unlink()
    with Repo() as repo:
        repo.reproduce()
    assert Path(name).read_text() == content
    assert damaged_copies(SAID.format(name)) == []


@pytest.mark.parametrize(
    "message",
    ["data/one.bin is no table.", "params.yaml: run `dvc repro`.", "data/none.bin is missing. Run `dvc repro`."],
)
def test_nothing_is_said_of_what_is_not_restored(project: Path, message: str) -> None:
    damage("one\n")
    assert damaged_copies(message) == []


def test_outside_a_project_nothing_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/one.bin").write_text("one")
    assert damaged_copies(SAID.format("data/one.bin")) == []
    (tmp_path / ".dvc").mkdir()
    assert damaged_copies(SAID.format("data/one.bin")) == []


def test_the_command_line_says_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = damage("one\n")

    def fail(args: object) -> None:
        raise UserError(SAID.format("data/one.bin"))

    monkeypatch.setattr(cli, "commands", fail)
    with pytest.raises(SystemExit):
        cli.app(["summary"])
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"error: {SAID.format('data/one.bin')}"
    assert second.endswith(f"Delete {entry} too.")
