from pathlib import Path

import pytest

from groupseg.check.survey import Survey
from groupseg.check.terminal import survey_text
from tests.commands import call


def test_check_prints_one_page_and_writes_the_other(
    root: Path, pets: Survey, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    assert call("data", "check", "pets", "crossed") == 0
    out = capsys.readouterr().out
    assert out.startswith(survey_text(pets))
    for name in ("pets", "crossed"):
        page = root / f"data/check/{name}.html"
        assert f"Pictures: {page.resolve()}\n" in out
        assert name in page.read_text("utf-8")


def test_a_data_set_that_is_not_prepared_is_one_line(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    assert call("data", "check", "fish") == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("error: data/prepared/fish holds no prepared data set; there is crossed, pets.")
    assert error.count("\n") == 1
