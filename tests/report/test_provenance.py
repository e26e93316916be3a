import subprocess
from pathlib import Path

import pytest

from groupseg.io.files import write_json
from groupseg.report.provenance import Stage, read_commit, read_stages, read_versions, stages_table


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.org")
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("1\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_clean_repository_is_its_commit(repository: Path) -> None:
    commit = read_commit(repository)
    assert commit.sha == git(repository, "rev-parse", "HEAD").strip()
    assert commit.changed == ()


def test_changed_code_shows_and_what_a_run_writes_does_not(repository: Path) -> None:
    for name in ("results/scenes/metrics.json", "dvc.lock", "README.md", "new.py"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("2\n", encoding="utf-8")
    (repository / "code.py").write_text("2\n", encoding="utf-8")
    assert set(read_commit(repository).changed) == {"code.py", "new.py"}


def test_outside_a_repository_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert read_commit(tmp_path).sha == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_commit(tmp_path).sha == ""


def test_versions_name_what_results_depend_on() -> None:
    assert {"python", "groupseg", "torch", "numpy", "dvc", "mlflow"} <= read_versions().keys()


def test_stages_of_one_name_are_taken_together(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n"
        "  a: {cmd: a, desc: first, deps: [params.yaml, 'models/${run.model}.bin']}\n"
        "  b:\n    foreach: ${run.names}\n    do: {cmd: b, deps: ['data/${item}']}\n"
        "  c: {cmd: c}\n"
    )
    for name, seconds, peak in (("b@x", 1, 10), ("b@y-z", 2, 30), ("a", 4, 20), ("gone", 8, 40)):
        write_json(tmp_path / f"{name}.json", {"seconds": seconds, "peak_mib": peak, "finished": ""})
    params = {"run": {"model": "small", "names": ["x", "y-z", "new"]}}
    first, second, third = read_stages(tmp_path / "dvc.yaml", params, tmp_path)
    assert first == Stage("a", "first", ("params.yaml", "models/small.bin"), of=1, runs=1, seconds=4, peak_mib=20)
    assert second == Stage("b", "", ("data/*",), of=3, runs=2, seconds=3, peak_mib=30)
    assert third == Stage("c", "", (), of=1, runs=0, seconds=0, peak_mib=0)
    assert read_stages(tmp_path / "dvc.yaml", params, tmp_path / "missing")[0].runs == 0
    table = stages_table([first, second, third])
    assert [row[3:] for row in (*table.rows, *table.foot)] == [
        ["1 of 1", "4.0", "20"], ["2 of 3", "3.0", "30"], ["0 of 1", "kept", ""], ["", "7", "30"],
    ]  # fmt: skip
