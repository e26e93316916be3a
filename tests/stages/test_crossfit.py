"""The stages on a data set whose images are calibrated on and judged in turn: what runs, and what cannot leak."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from groupseg.datasets.writer import write_samples
from groupseg.errors import UserError
from groupseg.files import read_json, write_json
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.model.weights import save_model
from groupseg.report.curves import threshold_of
from groupseg.segments.table import SegmentTable
from groupseg.strategies.crossfit import image_folds
from groupseg.strategies.registry import STRATEGIES as RULES
from groupseg.text.features import save_features
from stages import calibrate, evaluate, ladder, learning, segment, transfer, variant, vocabulary
from stages.params import load_params
from tests.model.tiny import tiny_model
from tests.segments.test_build import CLASSES, samples
from tests.stages.test_evaluate import save, save_text
from tests.strategies.test_crossfit import Leaking
from tests.tables import Case, random_case, unit

FOLDS = 3
STRATEGIES = ["fixed", "global", "cosine", "by_heart"]


@pytest.fixture(params=[True, False], ids=["background", "no background"])
def case(project: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Case:
    """A data set of test images alone, and among its strategies one that knows what it has seen by heart."""
    case = random_case(0, images=14, classes=4, background=request.param)
    for split in ("calib", "test"):
        save_crossfit(case, split)
    save_text(case)
    monkeypatch.setitem(RULES, "by_heart", Leaking)
    shipped = load_params()
    params = SimpleNamespace(
        run=SimpleNamespace(datasets=["scenes20"], strategies=STRATEGIES),
        strategies=shipped.strategies | {"by_heart": Leaking()},
        evaluate=SimpleNamespace(resamples=50, seed=0, best="cosine"),
        studies=SimpleNamespace(
            learning=SimpleNamespace(sizes=[4], draws=2, seed=0),
            vocabulary=SimpleNamespace(sizes=[2], absent=[2], draws=2, seed=0, strategies=["fixed", "cosine"]),
        ),
    )
    for stage in (calibrate, evaluate, ladder, learning, transfer, vocabulary):
        monkeypatch.setattr(stage, "load_params", lambda: params)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    return case


def save_crossfit(case: Case, split: str, **changes: Any) -> SegmentTable:
    """Writes the same images as either split."""
    protocol = {
        "dataset": "scenes20", "split": split, "model": "m", "weights_sha256": "abc",
        "resolution": "96x96", "window": "whole", "crossfit": str(FOLDS),
    }  # fmt: skip
    return save(case, split, **{"protocol": protocol, "keys": case.table.keys, **changes})


def run_all() -> None:
    for strategy in STRATEGIES:
        calibrate.main("scenes20", strategy)
    evaluate.main("scenes20")


def test_no_image_judges_itself(case: Case) -> None:
    run_all()
    found = load_file("data/predictions/scenes20.safetensors")
    lowest = 0 if case.table.with_background else 1
    # Whoever were asked about images it has seen would have been right wherever the masks allow it.
    assert np.array_equal(
        Leaking().fit(case.table, case.vocabulary).predict(case.table, case.vocabulary), found["oracle.label"]
    )
    assert not found["by_heart"].any()
    assert found["cosine"].min() >= lowest
    assert found["cosine"].shape == case.table.image.shape


def test_each_fold_is_judged_by_the_threshold_of_the_others(case: Case) -> None:
    run_all()
    record = read_json("results/calibration/scenes20/cosine.json")
    assert (record["crossfit"], record["images"], len(record["folds"])) == (str(FOLDS), 14, FOLDS)
    assert (record["rule"], record["params"]) == ("threshold", {"score": "cosine"})
    labels = load_file("data/predictions/scenes20.safetensors")["cosine"]
    cosine = case.table.embedding @ case.text.T
    fold = image_folds(case.table.keys, FOLDS)[case.table.image]
    threshold = np.array([entry["fitted"]["threshold"] for entry in record["folds"]])[fold]
    accepted = (cosine.max(axis=1) >= threshold) | (not case.table.with_background)
    np.testing.assert_array_equal(labels, np.where(accepted, cosine.argmax(axis=1) + 1, 0))
    metrics = read_json("results/metrics/scenes20.json")
    assert metrics["images"] == 14
    assert metrics["protocol"]["split"] == "test, cross-fitted in 3 folds"
    expected = float(mean_iou(image_counts(case.table, labels).total()))
    assert metrics["strategies"]["cosine"]["miou"] == pytest.approx(expected, abs=1e-6)


def test_ladder_and_studies_run(case: Case) -> None:
    run_all()
    ladder.main("scenes20")
    rungs = {rung["name"]: rung["miou"] for rung in read_json("results/ladder/scenes20.json")["rungs"]}
    metrics = read_json("results/metrics/scenes20.json")["strategies"]
    assert rungs["calibrated"] == metrics["cosine"]["miou"]
    learning.main("scenes20")
    vocabulary.main("scenes20")
    transfer.main()
    held = int((image_folds(case.table.keys, FOLDS) == 0).sum())
    learned = pd.read_csv("results/learning/scenes20.csv")
    assert set(learned.images) == {4, 14 - held}
    last = learned[learned.images == 14 - held].set_index("strategy").miou
    # What knows the others by heart calls these background.
    judged = case.table.subset(np.flatnonzero(image_folds(case.table.keys, FOLDS) == 0))
    nothing = mean_iou(image_counts(judged, np.zeros_like(judged.image)).total())
    assert last["by_heart"] == pytest.approx(float(nothing), abs=1e-6)
    moved = pd.read_csv("results/transfer.csv").query("strategy == 'cosine' and `from` == 'scenes20'").miou.item()
    whole = pd.read_csv("results/vocabulary/scenes20.csv").query("strategy == 'cosine' and size == 4").miou.item()
    assert last["cosine"] == whole == moved


@pytest.fixture
def crossed(case: Case) -> Case:
    """The data set, evaluated."""
    run_all()
    return case


def refused(message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        evaluate.main("scenes20")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", [True], indirect=True, ids=[""])
def test_a_calibration_of_other_folds_is_refused(crossed: Case) -> None:
    path = Path("results/calibration/scenes20/cosine.json")
    record = read_json(path)
    write_json(path, {**record, "crossfit": "4"})
    refused(r"cosine\.json was not calibrated on .* \(another crossfit\)")
    del record["crossfit"]
    write_json(path, record)
    refused(r"cosine\.json was not calibrated on .* \(another crossfit\)")


@pytest.mark.parametrize("case", [True], indirect=True, ids=[""])
def test_images_in_both_splits_are_refused_where_not_all_are_cross_fitted(crossed: Case) -> None:
    plain = {key: value for key, value in load_protocol().items() if key != "crossfit"}
    save_crossfit(crossed, "calib", protocol=plain)
    refused("14 images are in the calib and in the test split, such as image0")
    save_crossfit(crossed, "test", protocol={**plain, "split": "test"})
    refused("14 images are in the calib and in the test split")
    save_crossfit(crossed, "calib")
    refused("14 images are in the calib and in the test split")
    save_crossfit(crossed, "test", keys=("other", *crossed.table.keys[1:]))
    refused("13 images are in the calib and in the test split")


def load_protocol() -> dict[str, str]:
    return SegmentTable.load("data/segments/scenes20/calib/table.safetensors").protocol


@pytest.mark.parametrize("case", [True], indirect=True, ids=[""])
def test_a_record_of_folds_is_refused_where_there_are_none(crossed: Case) -> None:
    plain = {key: value for key, value in load_protocol().items() if key != "crossfit"}
    save_crossfit(crossed, "calib", protocol=plain)
    save_crossfit(crossed, "test", protocol={**plain, "split": "test"}, keys=tuple(f"other{row}" for row in range(14)))
    refused(r"fixed\.json was not calibrated on .* \(another crossfit\)")


def prepare_tiny() -> None:
    """Prepares a data set of test images alone, its texts, and a model of no training."""
    images = [replace(sample, key=f"k{index}") for index, sample in enumerate(samples(9))]
    write_samples(Path("data/prepared/scenes20"), CLASSES, True, {"test": images}, {"dataset": "scenes20"}, FOLDS)
    save_model(tiny_model(), Path("models/tiny.safetensors"))
    random = np.random.default_rng(0)
    features = {"classes": unit(random.normal(size=(3, 8))), "ensemble": unit(random.normal(size=(2, 3, 8)))}
    about = {
        "classes": CLASSES,
        "words": CLASSES,
        "encoder": "random",
        "templates": ["a {}."],
        "ensemble": ["a {}."],
        "lists": {},
    }
    save_features("data/text/scenes20.safetensors", features, about)


def test_images_are_segmented_once_and_a_variant_is_judged_as_the_stages_do(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_tiny()
    names = ["fixed", "global", "per_class"]
    shipped = load_params()
    params = SimpleNamespace(
        run=SimpleNamespace(datasets=["scenes20"], strategies=names, model="tiny"),
        strategies=shipped.strategies,
        models={"tiny": SimpleNamespace(architecture=tiny_model().architecture)},
        evaluate=SimpleNamespace(resamples=20, seed=0, best="global"),
    )
    for stage in (segment, variant, calibrate, evaluate):
        monkeypatch.setattr(stage, "load_params", lambda: params)
    segment.main("scenes20")
    calib, test = (
        SegmentTable.load(f"data/segments/scenes20/{split}/table.safetensors") for split in ("calib", "test")
    )
    assert calib.keys == test.keys == tuple(f"k{index}" for index in range(9))
    np.testing.assert_array_equal(calib.embedding, test.embedding)
    assert (calib.protocol, test.protocol["split"]) == ({**test.protocol, "split": "calib"}, "test")
    assert calib.protocol["crossfit"] == str(FOLDS)
    maps = [Path(f"data/segments/scenes20/{split}/maps.tar").read_bytes() for split in ("calib", "test")]
    assert maps[0] == maps[1]

    for name in names:
        calibrate.main("scenes20", name)
    evaluate.main("scenes20")
    variant.main("tiny")
    staged = read_json("results/metrics/scenes20.json")["strategies"]
    found = read_json("results/variants/tiny.json")["datasets"]["scenes20"]["strategies"]
    assert {name: found[name]["miou"] for name in names} == {name: staged[name]["miou"] for name in names}


@pytest.mark.parametrize("case", [True], indirect=True, ids=[""])
def test_the_report_takes_a_record_of_folds_for_several_thresholds(crossed: Case) -> None:
    records = {name: read_json(f"results/calibration/scenes20/{name}.json") for name in STRATEGIES}
    assert threshold_of(records["cosine"]) is None
    assert threshold_of(records["fixed"]) == load_params().strategies["fixed"].threshold
    assert all(isinstance(record["warnings"], list) for record in records.values())
