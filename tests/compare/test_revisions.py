import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo

from groupseg.compare.differences import compare_revisions
from groupseg.compare.revisions import read_revisions
from groupseg.errors import UserError
from tests.commands import git
from tests.compare.repository import CHECKOUT, build


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("monorepo"))


@pytest.fixture
def project(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, and the working directory."""
    shutil.copytree(original.parent, tmp_path / "copy", symlinks=True)
    folder = tmp_path / "copy" / original.name
    monkeypatch.chdir(folder)
    return folder


def hits(a: str, b: str) -> list[int]:
    return [int(side.datasets["x"].counts["fixed"].tp.max()) for side in read_revisions(a, b)]


def message(a: str = "HEAD", b: str = "workspace") -> str:
    with pytest.raises(UserError) as caught:
        read_revisions(a, b)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_commits_experiments_and_the_workspace_are_read(project: Path) -> None:
    assert hits("HEAD~1", "HEAD") == [20, 30]
    assert hits("forty", "workspace") == [40, 50]
    assert hits("workspace", git(Path(), "rev-parse", "HEAD~1")) == [50, 20]
    assert git(Path(), "status", "--short") == "M dvc.lock\n M params.yaml"


def test_what_names_no_commit_is_one_line(project: Path) -> None:
    objects = [git(Path(), "rev-parse", name) for name in ("HEAD:./params.yaml", "HEAD^{tree}")]
    options = ["-h", "--all", f"--output={project}/made", f"--exec=touch {project}/made"]
    ranges = ["HEAD~1..HEAD", "HEAD~1...HEAD", "HEAD..", "^HEAD"]
    others = ["", "\0", " ", "a b", "HEAD\nHEAD", "HEAD~99", "HEAD^{tree}", "*", "caf\udce9", "x" * 5000]
    for revision in (*objects, *options, *ranges, *others):
        for sides in ((revision, "workspace"), ("workspace", revision)):
            assert f"but {revision!r} is none of them" in message(*sides)
    assert not (project / "made").exists()


def test_places_name_the_commit(project: Path) -> None:
    a, b = read_revisions("HEAD~1", "workspace")
    assert a.place.commit == git(Path(), "rev-parse", "HEAD~1")
    assert a.place.label == f"HEAD~1 ({a.place.commit[:7]})"
    assert (b.place.commit, b.place.label) == (None, "workspace")
    assert a.names == b.names == ("x",)
    assert a.datasets["x"].classes == ("cat", "dog")


def test_a_subfolder_will_do(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "data")
    assert hits("HEAD~1", "workspace") == [20, 50]


def test_the_command_prints_nothing_but_the_comparison(project: Path) -> None:
    # Where the libraries of other tests are not loaded: what is imported here is what a user's process imports.
    code = "import sys; from groupseg.cli import app\ntry: app()\nfinally: print('dvc.analytics' in sys.modules)"
    arguments = ["compare", "HEAD~1", "forty", "--format", "json", "--resamples", "99"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    text, _, analytics = done.stdout.rstrip().rpartition("\n")
    (row,) = json.loads(text)["datasets"][0]["rows"]
    assert row["difference"] == row["b"] - row["a"] > 0
    assert row["significant"]
    assert (analytics, done.stderr) == ("False", "")


def test_the_same_revision_twice_does_not_differ(project: Path) -> None:
    dataset = compare_revisions(*read_revisions("HEAD", "HEAD"), 50).datasets[0]
    assert (dataset.rows, dataset.unchanged) == ((), ("fixed",))


def test_files_that_are_no_output_are_left_out(project: Path) -> None:
    shutil.copy("data/counts/run/x.safetensors", "data/counts/run/old.safetensors")
    assert [side.names for side in read_revisions("workspace", "HEAD")] == [("x",), ("x",)]


def test_what_the_workspace_lacks_comes_from_the_cache(project: Path) -> None:
    Path("data/counts/run/x.safetensors").unlink()
    assert hits("HEAD", "workspace") == [30, 50]


def test_what_the_cache_lacks_comes_from_the_remote(project: Path, tmp_path: Path) -> None:
    # The remote is younger than the revisions, which know nothing of it.
    Path(".dvc/config").write_text(f"[core]\n    remote = shared\n['remote \"shared\"']\n    url = {tmp_path}/remote\n")
    shutil.move(".dvc/cache", tmp_path / "remote")
    assert hits("HEAD~1", "forty") == [20, 40]
    assert not list(Path(".dvc").glob("cache/files/md5/*/*"))


def test_what_is_nowhere_is_one_clear_line(project: Path) -> None:
    shutil.rmtree(".dvc/cache")
    head = git(Path(), "rev-parse", "HEAD")[:7]
    assert message("HEAD") == (
        f"data/counts/run/x.safetensors of HEAD ({head}) is neither in the cache of DVC nor in a remote. "
        "Check out that revision and run `dvc pull`, or else `dvc repro`."
    )
    Path("data/counts/run/x.safetensors").unlink()
    assert message("workspace").endswith(
        "x.safetensors of workspace is neither in the cache of DVC nor in a remote. "
        "Run `dvc pull`, or else `dvc repro`."
    )


def test_a_damaged_file_is_named(project: Path) -> None:
    Path("data/counts/run/x.safetensors").unlink()
    Path("data/counts/run/x.safetensors").write_bytes(b"no counts")
    assert message().startswith("data/counts/run/x.safetensors of workspace: ")


def test_a_pipeline_that_is_no_yaml_is_one_line(project: Path) -> None:
    Path("dvc.yaml").write_text("stages: [\n")
    assert message().startswith("DVC cannot read workspace: ")


def test_an_unknown_revision_is_one_line(project: Path) -> None:
    assert message("nonsense").startswith(
        "Expected a git revision, the name of an experiment, or `workspace`, but 'nonsense' is none of them."
    )


def test_a_revision_without_counts_is_named(project: Path) -> None:
    sha = git(Path(), "rev-parse", "empty")[:7]
    assert message("empty").startswith(
        f"Expected outputs data/counts/<run>/<data set>.safetensors in empty ({sha}), but its dvc.yaml names none."
    )


@pytest.mark.parametrize("git_only", [True, False])
def test_other_folders_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], git_only: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    if git_only:
        git(Path(), "init", "-q")
    else:
        Repo.init(no_scm=True).close()
    capfd.readouterr()
    assert message("workspace") == (
        f"Expected a folder of a git and DVC repository, but {tmp_path} is in none. "
        "Run this in the folder of the project."
    )
    assert capfd.readouterr().out == ""
