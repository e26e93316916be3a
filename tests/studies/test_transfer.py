"""Thresholds of one data set on another."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import mean_iou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import SingleThreshold, Strategy
from groupseg.strategies.registry import build
from groupseg.strategies.threshold import Threshold
from groupseg.studies.transfer import common_threshold, fitted_curves, load_curves, save_curves, transfer
from tests.tables import Case, random_case

CASES = {"a": random_case(0, images=6), "b": random_case(1, images=9, classes=5), "c": random_case(2, classes=2)}
SCORES = ["cosine", "product"]


def halves(case: Case) -> tuple[SegmentTable, SegmentTable]:
    images = np.arange(len(case.table.keys))
    calib, test = np.array_split(images, 2)
    return case.table.subset(calib), case.table.subset(test)


CALIB = {name: halves(case)[0] for name, case in CASES.items()}
TEST = {name: halves(case)[1] for name, case in CASES.items()}
WORDS = {name: case.vocabulary for name, case in CASES.items()}


def judged(strategies: Mapping[str, Strategy], cases: Mapping[str, Case]) -> pd.DataFrame:
    """Fits strategies on the calibration images of each case, and judges all with the thresholds of all."""
    fitted = {}
    for name, case in cases.items():
        calib, test = halves(case)
        own = {title: deepcopy(strategy).fit(calib, case.vocabulary) for title, strategy in strategies.items()}
        fitted[name] = fitted_curves(own, calib, test, case.vocabulary)
    return transfer(fitted)


def predicted_miou(strategy: SingleThreshold, threshold: float, table: SegmentTable, vocabulary: Vocabulary) -> float:
    """mIoU of what the strategy predicts with another threshold."""
    moved = deepcopy(strategy)
    moved.threshold = threshold
    return float(mean_iou(image_counts(table, moved.predict(table, vocabulary)).total()))


def matrix(cases: Mapping[str, Case] = CASES) -> pd.Series:
    found = judged({score: Threshold(score=score) for score in SCORES}, cases)
    assert list(found.columns) == ["strategy", "from", "to", "miou"]
    return found.set_index(["strategy", "from", "to"]).miou


@pytest.mark.parametrize("score", SCORES)
def test_each_cell_is_what_the_strategy_predicts_with_that_threshold(score: str) -> None:
    found = matrix()
    assert len(found) == len(SCORES) * 4 * 3
    for source in CASES:
        threshold = Threshold(score=score).fit(CALIB[source], WORDS[source]).threshold
        for target in CASES:
            own = Threshold(score=score).fit(CALIB[target], WORDS[target])
            expected = predicted_miou(own, threshold, TEST[target], WORDS[target])
            assert found[score, source, target] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_no_constant_beats_the_common_one_on_the_calibration_images(score: str) -> None:
    fitted = {name: Threshold(score=score).fit(CALIB[name], WORDS[name]) for name in CASES}
    candidates = {name: own.candidates(CALIB[name], WORDS[name]) for name, own in fitted.items()}

    def mean(threshold: float) -> float:
        return float(np.mean([predicted_miou(fitted[name], threshold, CALIB[name], WORDS[name]) for name in CASES]))

    scores = np.unique(np.concatenate([score for _, score in candidates.values()]))
    tried = np.concatenate([scores, scores[:1] - 1, scores[-1:] + 1, (scores[1:] + scores[:-1]) / 2])
    chosen = common_threshold([threshold_curve(*candidates[name], CALIB[name].histogram) for name in CASES])
    assert mean(chosen) == pytest.approx(max(map(mean, tried)), abs=1e-12)
    for name in CASES:
        expected = predicted_miou(fitted[name], chosen, TEST[name], WORDS[name])
        assert matrix()[score, "all", name] == pytest.approx(expected, abs=1e-12)


def test_the_common_threshold_of_one_data_set_is_its_own() -> None:
    found = matrix({"a": CASES["a"]})
    assert found["cosine", "all", "a"] == found["cosine", "a", "a"]


def test_only_what_has_a_calibrated_threshold_is_moved() -> None:
    params = [
        {"rule": "fixed", "threshold": 0.5},
        {"rule": "per_class"},
        {"rule": "relative"},
        {"rule": "background_prompts", "words": "sclip", "calibrated": False},
        {"rule": "background_captions", "calibrated": False},
    ]
    found = judged({entry["rule"]: build(entry) for entry in params}, CASES)
    assert set(found.strategy) == {"relative"}
    assert list(transfer({"a": {}}).columns) == ["strategy", "from", "to", "miou"]


def test_a_strategy_that_one_data_set_lacks_is_moved_between_the_others() -> None:
    fitted = {
        name: fitted_curves({"x": Threshold().fit(CALIB[name], WORDS[name])}, CALIB[name], TEST[name], WORDS[name])
        for name in ("a", "b")
    }
    found = transfer({**fitted, "c": {}})
    pd.testing.assert_frame_equal(found, transfer(fitted))
    assert set(found["to"]) == {"a", "b"}


def test_no_threshold_matters_where_there_is_no_background() -> None:
    case = random_case(3, classes=4, background=False)
    found, test = matrix(CASES | {"d": case}), halves(case)[1]
    labels = Threshold(score="cosine").candidates(test, case.vocabulary)[0]
    expected = float(mean_iou(image_counts(test, labels).total()))
    for source in [*CASES, "d", "all"]:
        assert found["cosine", source, "d"] == pytest.approx(expected, abs=1e-12)


def test_curves_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    strategies = {"global": Threshold(), "a.b": Threshold(score="cosine")}
    fitted = {
        name: {title: deepcopy(one).fit(CALIB[name], WORDS[name]) for title, one in strategies.items()}
        for name in CASES
    }
    curves = {name: fitted_curves(fitted[name], CALIB[name], TEST[name], WORDS[name]) for name in CASES}
    for name, found in curves.items():
        save_curves(tmp_path / name, found)
    read = {name: load_curves(tmp_path / name) for name in CASES}
    pd.testing.assert_frame_equal(transfer(read), transfer(curves), check_exact=True)
    save_curves(tmp_path / "again", read["a"])
    assert (tmp_path / "again").read_bytes() == (tmp_path / "a").read_bytes()


def test_no_curves_are_curves_too(tmp_path: Path) -> None:
    save_curves(tmp_path / "none", {})
    assert load_curves(tmp_path / "none") == {}


@pytest.mark.parametrize("left", [0, 20, -1])
def test_a_file_that_is_missing_or_damaged_is_named(tmp_path: Path, left: int) -> None:
    path = tmp_path / "some.safetensors"
    with pytest.raises(UserError, match=r"some\.safetensors is missing or damaged: .+ Delete it and run `dvc repro`"):
        load_curves(path)
    fitted = {"x": Threshold().fit(CALIB["a"], WORDS["a"])}
    save_curves(path, fitted_curves(fitted, CALIB["a"], TEST["a"], WORDS["a"]))
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UserError, match=r"some\.safetensors is missing or damaged"):
        load_curves(path)


def test_what_else_is_fitted_stays_that_of_the_data_set() -> None:
    class Centred(Threshold):
        """Scores less their mean on the calibration images: means differ, thresholds must not move them."""

        mean = 0.0

        def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> "Centred":
            self.mean = float(super().candidates(table, vocabulary)[1].mean())
            return super().fit(table, vocabulary)

        def candidates(self, table: SegmentTable, vocabulary: Vocabulary):  # noqa: ANN202
            label, score = super().candidates(table, vocabulary)
            return label, score - self.mean

    found = judged({"x": Centred(score="cosine")}, CASES).set_index(["from", "to"]).miou
    source, target = (Centred(score="cosine").fit(CALIB[name], WORDS[name]) for name in ("a", "b"))
    assert found["a", "b"] == pytest.approx(predicted_miou(target, source.threshold, TEST["b"], WORDS["b"]), abs=1e-12)
