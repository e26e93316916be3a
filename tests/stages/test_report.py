import json
import time
from pathlib import Path

import pytest

from groupseg.report.records import results_digest
from groupseg.report.results import read_results
from stages import report, track
from tests.results import build


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose results are there, as the current folder."""
    monkeypatch.chdir(build(tmp_path))
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def test_report_leaves_figures_and_page(finished: Path) -> None:
    report.main()
    assert {path.suffix for path in (finished / "results/figures").iterdir()} == {".png"}
    assert "<svg" in (finished / "results/report.html").read_text("utf-8")


def test_track_notes_the_results_even_if_no_server_answers(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    started = time.monotonic()
    track.main()
    assert time.monotonic() - started < 15
    assert capsys.readouterr().err.count("\n") == 1
    noted = finished / "data/tracked.json"
    assert json.loads(noted.read_text("utf-8")) == {"results": results_digest(read_results(finished))}
    content = noted.read_bytes()
    track.main()
    assert noted.read_bytes() == content
