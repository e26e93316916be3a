"""Report and tracking of a project whose results are there."""

from pathlib import Path

import pytest

from groupseg.io.files import read_json
from groupseg.report.records import results_digest
from groupseg.report.results import Results, read_results
from stages import track
from tests.results import build


def test_report_leaves_figures_page_summary_and_a_note(tmp_path: Path) -> None:
    project = build(tmp_path, reported=True)
    folder = project / "results/scenes"
    assert {path.suffix for path in (folder / "figures").iterdir()} == {".png", ".svg"}
    assert "data:image/svg+xml" in (folder / "report.html").read_text("utf-8")
    assert set(read_json(folder / "summary.json")) == {"alpha", "beta"}
    assert read_json(project / "data/done/scenes/report.json") == {"report": results_digest(read_results(project))}


def test_track_sends_the_results_and_notes_which_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(build(tmp_path))
    sent: list[Results] = []
    monkeypatch.setattr(track, "track", sent.append)
    track.main()
    track.main()
    digests = {results_digest(results) for results in sent}
    assert len(sent) == 2
    assert [read_json("data/done/scenes/track.json")] == [{"track": digest} for digest in digests]
