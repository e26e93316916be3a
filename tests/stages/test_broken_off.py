"""Calibrations that are broken off keep what was made."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from groupseg.errors import UserError
from groupseg.io.files import read_json
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.threshold import Threshold
from groupseg.text.features import save_features
from stages import paths
from stages.calibrate import make
from stages.params import load_params
from stages.schema import Params
from stages.tables import calibration_path
from tests.tables import random_case


class Failing(Threshold):
    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        raise UserError("cannot be fitted")


class Waiting(Threshold):
    """Is not done before the record of another strategy is there."""

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        end = time.monotonic() + 60
        while not self.other.exists() and time.monotonic() < end:
            time.sleep(0.01)
        if not self.other.exists():
            raise UserError("the other record never came")
        return super().fit(table, vocabulary)


@pytest.fixture
def params(project: Path) -> Params:
    case = random_case(0)
    paths.table("scenes20", "calib").parent.mkdir(parents=True)
    protocol = {"dataset": "scenes20", "split": "calib", "weights_sha256": "0"}
    replace(case.table, protocol=protocol).save(paths.table("scenes20", "calib"))
    lists = {name: list(words.words) for name, words in case.vocabulary.lists.items()}
    vectors = {f"list.{name}": words.text for name, words in case.vocabulary.lists.items()}
    about = {"classes": case.table.classes, "words": case.table.classes, "templates": ["{}"], "lists": lists}
    save_features(
        paths.text("scenes20"),
        {"classes": case.text, "ensemble": case.vocabulary.ensemble, **vectors},
        {**about, "ensemble": ["{}"] * 3, "encoder": "drawn"},
    )
    return load_params()


def test_what_was_made_before_a_failure_is_there(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPSEG_WORKERS", "1")
    strategies = {"first": Threshold(), "second": Failing(), "third": Threshold()}
    with pytest.raises(UserError, match="cannot be fitted"):
        make(params, "scenes20", strategies, {name: {"data": name} for name in strategies})
    assert read_json(calibration_path(params, "scenes20", "first"))["key"] == {"data": "first"}
    assert not calibration_path(params, "scenes20", "third").exists()


def test_a_record_does_not_wait_for_those_before_it(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPSEG_WORKERS", "2")
    strategies = {"slow": Waiting(), "quick": Threshold()}
    strategies["slow"].other = calibration_path(params, "scenes20", "quick").absolute()
    make(params, "scenes20", strategies, {name: {"data": name} for name in strategies})
    assert read_json(calibration_path(params, "scenes20", "slow"))["fitted"]
