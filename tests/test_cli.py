import json
import shutil
from pathlib import Path

import pytest

from groupseg.compare import revisions
from groupseg.compare.revisions import Place, Revision
from groupseg.report.effects import effect
from groupseg.report.figures import write_figures
from groupseg.report.results import Results, read_results
from groupseg.report.tables import markdown, strategies
from groupseg.tracking import runs as tracking
from tests.commands import call
from tests.results import STRATEGIES, build


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(build(tmp_path))
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def test_readme_brings_the_tables_up_to_date(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "docs").mkdir()
    page = project / "docs/rules.md"
    page.write_text("<!-- effect:relative:start -->\n<!-- effect:relative:end -->\n", encoding="utf-8")
    assert call("readme", "--check") == 1
    assert (
        capsys.readouterr().err == "error: The tables in README.md, docs/rules.md are not those of results/. "
        "Run `groupseg readme` and commit.\n"
    )
    assert "fixed" not in (project / "README.md").read_text("utf-8")
    assert call("readme") == 0
    results = read_results(project)
    assert markdown(results, strategies(results)) in (project / "README.md").read_text("utf-8")
    assert effect(results, "relative") in page.read_text("utf-8")
    assert call("readme", "--check") == 0


def test_pages_are_not_written_from_another_run_unless_it_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(project / "results/scenes", project / "results/mine")
    params = project / "params.yaml"
    params.write_text(params.read_text("utf-8").replace('"name": "scenes"', '"name": "mine"'), encoding="utf-8")
    before = (project / "README.md").read_bytes()
    assert call("readme") == 1
    assert "`groupseg readme --run mine`" in capsys.readouterr().err
    assert (project / "README.md").read_bytes() == before
    assert call("readme", "--run", "mine") == 0
    assert (project / "README.md").read_bytes() != before


def test_summary_prints_the_table_and_where_the_report_lies(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("summary") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in (*STRATEGIES, "label oracle", "groupseg report"))
    (project / "results/scenes/report.html").write_text("", encoding="utf-8")
    assert call("summary") == 0
    assert f"Report: {project.resolve()}/results/scenes/report.html" in capsys.readouterr().out


def test_report_is_written_from_results_alone_the_explorer_where_there_are_images(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_figures(read_results(project), pictures=2)
    assert call("report") == 0
    report, explorer = (project / f"results/scenes/{name}.html" for name in ("report", "explorer"))
    assert "<td>61.5</td>" in report.read_text("utf-8")
    assert 'href="explorer.html"' in report.read_text("utf-8")
    explorer.unlink()
    shutil.rmtree(project / "data")
    assert call("report") == 0
    assert "the explorer is not written. data/" in capsys.readouterr().err
    assert 'href="explorer.html"' not in report.read_text("utf-8")


def test_explore_writes_a_page_of_the_data_sets_that_are_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("explore", "--dataset", "beta", "--images", "3", "--out", "own.html") == 0
    page = (project / "own.html").read_text("utf-8")
    assert 'data-set="beta"' in page
    assert 'data-set="alpha"' not in page
    assert "report.html" not in page
    assert call("explore", "--dataset", "gamma") == 1
    assert "gamma does not run. Choose of alpha, beta" in capsys.readouterr().err


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
    commands = ("track", "report", "readme", "summary", "compare", "data", "predict", "export", "weights")
    assert all(command in out for command in commands)


def test_an_unknown_command_is_refused() -> None:
    assert call("trakc") == 2


def test_track_that_sends_nothing_fails_in_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert call("track") == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("error: MLflow at http://127.0.0.1:9 did not take all results")
    assert error.count("\n") == 1


def test_a_file_that_is_missing_is_one_clear_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracking, "track", lambda results: Path("models/none.csv").read_bytes())
    assert call("track") == 1
    assert capsys.readouterr().err == "error: models/none.csv is missing. Run `dvc repro`, or `dvc pull`.\n"


def test_compare_goes_from_head_to_the_workspace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(a: str, b: str) -> tuple[Revision, Revision]:
        return Revision(Place(a, "0" * 40), ("voc",), {}), Revision(Place(b, None), ("coco",), {})

    monkeypatch.setattr(revisions, "read_revisions", read)
    assert call("compare") == 0
    out = capsys.readouterr().out
    assert out.startswith("A  HEAD (0000000)\nB  workspace\n\ndata sets only in A: voc\ndata sets only in B: coco\n")
    assert call("compare", "main", "--format", "json", "--resamples", "7") == 0
    read_back = json.loads(capsys.readouterr().out)
    assert (read_back["a"]["revision"], read_back["resamples"]) == ("main", 7)


def test_compare_outside_a_repository_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("compare") == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error == (
        f"error: Expected a folder of a git and DVC repository, but {tmp_path} is in none. "
        "Run this in the folder of the project.\n"
    )


@pytest.mark.parametrize("option", [("--format", "html"), ("--resamples", "0")])
def test_compare_refuses_other_options(option: tuple[str, str]) -> None:
    assert call("compare", *option) == 2
