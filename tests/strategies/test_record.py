"""Records of calibrations: a strategy read back from one does what the fitted one did."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.segments.table import SegmentTable
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.record import calibratable, calibrate, origin
from groupseg.strategies.registry import build, load
from groupseg.strategies.threshold import Threshold
from tests.tables import random_case

CASE = random_case(0, images=12)
ABOUT: dict[str, Any] = {
    "words": list(CASE.vocabulary.words), "templates": ["a {}."], "ensemble": ["a {}.", "the {}."], "encoder": "minilm"
}  # fmt: skip


def table(**protocol: str) -> SegmentTable:
    given = {"dataset": "photos", "split": "calib", "weights_sha256": "abc", "model": "some", **protocol}
    return replace(CASE.table, protocol=given)


@pytest.mark.parametrize("params", [{"rule": "fixed", "threshold": 0.5}, {"rule": "threshold"}, {"rule": "per_class"}])
@pytest.mark.parametrize("folds", [{}, {"crossfit": "3"}])
def test_a_record_is_all_that_labelling_takes(params: dict[str, Any], folds: dict[str, str]) -> None:
    calib = table(**folds)
    record = json.loads(json.dumps(calibrate(build(params), calib, CASE.vocabulary, ABOUT), allow_nan=False))
    fitted = calibratable(build(params), calib).fit(calib, CASE.vocabulary)
    found = load(record).predict(CASE.table, CASE.vocabulary)
    np.testing.assert_array_equal(found, fitted.predict(CASE.table, CASE.vocabulary))
    assert record.items() >= json.loads(json.dumps(fitted.to_json())).items()
    assert record["text"] == {key: ABOUT[key] for key in ("words", "templates", "ensemble")}
    assert record["with_background"] is True


def test_a_record_says_where_it_comes_from() -> None:
    expected = {
        "dataset": "photos", "split": "calib", "weights_sha256": "abc", "images": 12,
        "classes": list(CASE.table.classes),
    }  # fmt: skip
    assert origin(table()) == expected
    assert origin(table(crossfit="3")) == {**expected, "crossfit": "3"}
    record = calibrate(build({"rule": "threshold"}), table(), CASE.vocabulary, ABOUT)
    assert record.items() >= expected.items()


def test_where_images_are_cross_fitted_each_fold_has_its_copy_and_the_strategy_is_left_as_it_is() -> None:
    strategy = Threshold()
    assert calibratable(strategy, table()) is strategy
    copied = calibratable(strategy, table(crossfit="4"))
    assert isinstance(copied, CrossFit)
    assert len(copied.copies) == 4
    assert len(calibrate(strategy, table(crossfit="4"), CASE.vocabulary, ABOUT)["folds"]) == 4
    assert not hasattr(strategy, "threshold")


def test_what_cannot_be_fitted_leaves_no_record() -> None:
    empty = replace(table(), histogram=CASE.table.histogram * 0)
    with pytest.raises(UserError, match="nothing to calibrate on"):
        calibrate(build({"rule": "threshold"}), empty, CASE.vocabulary, ABOUT)
