import shutil
from pathlib import Path

import pytest

from groupseg import tracking
from groupseg.cli import app
from groupseg.report.figures import write_figures
from groupseg.report.readme import markdown
from groupseg.report.results import Results, read_results
from tests.results import STRATEGIES, build


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(build(tmp_path))
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def call(*arguments: str) -> int | str | None:
    """Runs the command line and returns its exit status."""
    with pytest.raises(SystemExit) as exit:
        app(arguments)
    return exit.value.code


def test_readme_brings_the_table_up_to_date(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("readme", "--check") == 1
    assert (
        capsys.readouterr().err
        == "error: The table in README.md is not that of results/. Run `groupseg readme` and commit.\n"
    )
    assert "fixed" not in (project / "README.md").read_text("utf-8")
    assert call("readme") == 0
    assert markdown(read_results(project)) in (project / "README.md").read_text("utf-8")
    assert call("readme", "--check") == 0


def test_summary_prints_the_table_and_where_the_report_lies(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("summary") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in (*STRATEGIES, "label oracle", "groupseg report"))
    (project / "results/report.html").write_text("", encoding="utf-8")
    assert call("summary") == 0
    assert f"Report: {project.resolve()}/results/report.html" in capsys.readouterr().out


def test_report_is_written_from_results_alone(project: Path) -> None:
    write_figures(read_results(project), pictures=2)
    shutil.rmtree(project / "data")
    assert call("report") == 0
    page = (project / "results/report.html").read_text("utf-8")
    assert "1 min 02 s" in page


def test_track_sends_the_results(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Results] = []
    monkeypatch.setattr(tracking, "track", seen.append)
    assert call("track") == 0
    assert [dataset.name for dataset in seen[0].datasets] == ["alpha", "beta"]


@pytest.mark.parametrize("command", ["track", "report", "readme", "summary"])
def test_errors_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(command) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error == "error: params.yaml is missing. Run this in the folder of the project.\n"


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    out = capsys.readouterr().out
    assert all(command in out for command in ("track", "report", "readme", "summary"))


def test_an_unknown_command_is_refused() -> None:
    assert call("trakc") == 2


def test_results_that_were_not_pulled_are_one_clear_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "results/train/history.csv").unlink()
    assert call("track") == 1
    assert "history.csv is missing. Run `dvc repro`, or `dvc pull`." in capsys.readouterr().err
