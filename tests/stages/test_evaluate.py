"""What is written of all strategies on tables made up at random, how it fits together, and what is refused."""

import csv
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from torch import from_numpy
from torchmetrics.classification import MulticlassJaccardIndex

from groupseg.errors import UserError
from groupseg.io.files import read_json
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.counts import load_counts
from groupseg.metrics.iou import iou
from groupseg.metrics.losses import counts_of
from groupseg.metrics.oracle import label_oracle
from stages import calibrate, evaluate
from tests.stages.small import note_code, save_table, save_text, set_params
from tests.tables import IGNORE, random_case

STRATEGIES = ["fixed", "global", "per_class", "relative", "cosine", "learned"]
RUNGS = [
    "fixed", "global", "best score", "best calibrated", "true background", "classes present", "label oracle",
    "best labelling", "perfect",
]  # fmt: skip
RESULTS = Path("results/scenes")
# The calibration images are others, with the same class texts.
CALIB, TEST = random_case(0, images=12), random_case(1, images=10)


@pytest.fixture(scope="module", autouse=True)
def evaluated(shared: Path) -> None:
    """A data set that is calibrated and evaluated, with `cosine` as the best strategy."""
    set_params(
        {
            "run.datasets": ["scenes20"],
            "run.strategies": STRATEGIES,
            "evaluate.best": "cosine",
            "evaluate.resamples": 200,
            "strategies.learned.steps": 5,
        }
    )
    save_table(CALIB, "calib")
    save_table(TEST, "test")
    save_text(TEST.vocabulary)
    note_code()
    calibrate.main("scenes20")
    evaluate.main("scenes20")


def metrics() -> dict[str, Any]:
    found: dict[str, Any] = read_json(RESULTS / "metrics/scenes20.json")
    return found


def rows(table: str) -> list[dict[str, str]]:
    with open(RESULTS / table / "scenes20.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_metrics_have_the_promised_keys_and_equal_torchmetrics() -> None:
    found = metrics()
    assert set(found) == {"protocol", "baseline", "images", "classes", "strategies", "oracle", "warnings"}
    protocol = {"model", "weights_sha256", "text", "resolution", "window", "split", "score"}
    assert set(found["protocol"]) == protocol
    assert found["protocol"]["text"] == "minilm; a photo of a {}.; puppy for class0"
    assert found["protocol"]["score"] == "product (cosine: cosine, learned: its own)"
    assert found["protocol"]["split"] == "test"
    assert (found["images"], found["classes"]) == (10, 3)
    assert set(found["strategies"]) == set(STRATEGIES)
    headline = {"miou", "miou_ci", "background_iou", "foreground_miou", "pixel_accuracy"}
    predictions = load_file("data/predictions/scenes/scenes20.safetensors")
    assert set(predictions) == {*STRATEGIES, "oracle.label"}
    assert found["baseline"] == "fixed"
    compared = {"difference_to_baseline", "short_of_oracle"}
    for name, figures in found["strategies"].items():
        assert set(figures) == headline | compared | {f"{key}_ci" for key in compared}
        short = found["oracle"]["label"]["miou"] - figures["miou"]
        assert figures["short_of_oracle"] == pytest.approx(short, abs=2e-6)
        reference = MulticlassJaccardIndex(4, average="macro", ignore_index=IGNORE)
        expected = reference(from_numpy(TEST.predicted(predictions[name])), from_numpy(TEST.truth))
        assert figures["miou"] == pytest.approx(float(expected), abs=2e-6)
        assert figures["miou_ci"][0] <= figures["miou"] <= figures["miou_ci"][1]
    assert set(found["oracle"]) == {"label"}
    assert set(found["oracle"]["label"]) == headline
    assert np.array_equal(predictions["oracle.label"], label_oracle(TEST.table))
    fixed = found["strategies"]["fixed"]
    assert (fixed["difference_to_baseline"], fixed["difference_to_baseline_ci"]) == (0, [0, 0])


def test_tables_of_classes_and_curves_agree_with_the_metrics() -> None:
    figures, classes, points = metrics()["strategies"], rows("per_class"), rows("curves")
    assert list(classes[0]) == ["class", "pixel_share", *STRATEGIES, "oracle.label"]
    assert [row["class"] for row in classes] == ["background", "class0", "class1", "class2"]
    assert sum(float(row["pixel_share"]) for row in classes) == pytest.approx(1, abs=1e-5)
    for name in STRATEGIES:
        values = [float(row[name]) for row in classes if row[name]]
        assert np.mean(values) == pytest.approx(figures[name]["miou"], abs=1e-5)
    assert list(points[0]) == ["strategy", "threshold", "miou", "key"]
    best = max(float(point["miou"]) for point in points if point["strategy"] == "global")
    assert best >= figures["global"]["miou"] - 1e-6


def test_pairs_agree_with_the_metrics() -> None:
    figures, pairs = metrics()["strategies"], rows("pairs")
    assert list(pairs[0]) == ["first", "second", "difference", "low", "high", "p"]
    assert [(pair["first"], pair["second"]) for pair in pairs] == list(combinations(STRATEGIES, 2))
    for pair in pairs:
        difference = figures[pair["first"]]["miou"] - figures[pair["second"]]["miou"]
        assert float(pair["difference"]) == pytest.approx(difference, abs=2e-6)
        assert float(pair["low"]) <= float(pair["difference"]) <= float(pair["high"])
        assert 0 < float(pair["p"]) <= 1


def test_counts_are_those_of_the_predictions() -> None:
    predictions = load_file("data/predictions/scenes/scenes20.safetensors")
    counts, keys, classes = load_counts("data/counts/scenes/scenes20.safetensors")
    assert set(counts) == {*STRATEGIES, "oracle.label"}
    assert keys == tuple(f"test-{key}" for key in TEST.table.keys)
    assert classes == TEST.table.classes
    for name, count in counts.items():
        expected = image_counts(TEST.table, predictions[name])
        for part in ("tp", "predicted", "truth"):
            np.testing.assert_array_equal(getattr(count, part), getattr(expected, part))


def test_rungs_of_the_ladder_agree_with_the_metrics() -> None:
    found, figures = read_json(RESULTS / "ladder/scenes20.json"), metrics()
    assert set(found) == {"strategies", "rungs", "accept_or_drop"}
    assert found["strategies"].keys() == set(RUNGS[:4])
    assert found["strategies"]["best calibrated"] == "cosine"
    rungs = {rung["name"]: rung for rung in found["rungs"]}
    assert list(rungs) == RUNGS
    assert all(set(rung) == {"name", "miou", "miou_ci", "step", "step_ci"} for rung in rungs.values())
    assert sum(rung["step"] for rung in rungs.values()) == pytest.approx(1, abs=1e-5)
    strategies = figures["strategies"]
    same = {rung: strategies[name] for rung, name in found["strategies"].items()}
    same["label oracle"] = figures["oracle"]["label"]
    for name, own in same.items():
        assert (rungs[name]["miou"], rungs[name]["miou_ci"]) == (own["miou"], own["miou_ci"])
    assert rungs["global"]["step_ci"] == strategies["global"]["difference_to_baseline_ci"]
    kept = found["accept_or_drop"]
    assert kept["step"] == pytest.approx(kept["miou"] - strategies["cosine"]["miou"], abs=2e-6)
    # Of candidates that may each be kept or dropped, no threshold makes more.
    assert kept["miou"] >= max(float(point["miou"]) for point in rows("curves") if point["strategy"] == "cosine") - 1e-6


def test_losses_and_confusions_tell_the_iou_of_each_class() -> None:
    names = ["background", *TEST.table.classes]
    losses, per_class = (pd.read_csv(RESULTS / name / "scenes20.csv") for name in ("losses", "per_class"))
    assert list(losses) == ["class", "iou", "background", "wrong_class", "masks"]
    assert losses["class"].tolist() == names
    np.testing.assert_allclose(losses.iou, per_class.cosine, atol=1e-6)
    np.testing.assert_allclose(losses.iloc[:, 1:].sum(axis=1), 1, atol=1e-5)

    confusions = pd.read_csv(RESULTS / "confusions/scenes20.csv")
    assert list(confusions) == ["truth", "predicted", "pixels", "share_of_truth", "miou_gain"]
    assert set(confusions.truth) | set(confusions.predicted) <= set(names)
    assert (confusions.truth != confusions.predicted).all()
    assert confusions.miou_gain.is_monotonic_decreasing
    # All mix-ups are fewer than 30 here, so that they tell the IoU of each class.
    matrix = confusions.pivot_table("pixels", "truth", "predicted", fill_value=0).reindex(
        index=names, columns=names, fill_value=0
    )
    counts, truth = matrix.to_numpy().astype(np.int64), TEST.table.histogram.sum(axis=0)
    found = iou(counts_of(counts + np.diag(truth - counts.sum(axis=1))))
    np.testing.assert_allclose(found, losses.iou, atol=1e-6)


def test_reliability_counts_all_segments_and_pixels() -> None:
    found = pd.read_csv(RESULTS / "reliability/scenes20.csv")
    assert list(found) == ["strategy", "low", "high", "segments", "pixels", "confidence", "accuracy"]
    assert found.strategy.tolist() == ["fixed"] * 10 + ["softmax"] * 10
    assert found.groupby("strategy").segments.sum().tolist() == [50, 50]
    assert found.groupby("strategy").pixels.sum().tolist() == [TEST.table.histogram.sum()] * 2


def test_the_same_input_gives_the_same_bytes(copied: Path) -> None:
    folders = [path for path in RESULTS.iterdir() if path.name != "calibration"]
    folders += [Path("data/counts/scenes"), Path("data/predictions/scenes")]
    before = {path: path.read_bytes() for folder in folders for path in folder.iterdir()}
    assert len(before) == 10
    for path in before:
        path.unlink()
    evaluate.main("scenes20")
    assert {path: path.read_bytes() for path in before} == before


def test_an_image_in_both_splits_is_refused(copied: Path) -> None:
    save_table(TEST, "test", keys=("calib-image3", *(f"test-{index}" for index in range(9))))
    message = "scenes20: 1 images are in the calib and in the test split, such as calib-image3"
    with pytest.raises(UserError, match=message):
        evaluate.main("scenes20")


def change_both() -> None:
    save_table(TEST, "calib")
    save_text(CALIB.vocabulary)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda: save_table(TEST, "calib"), "data"),
        (lambda: save_table(CALIB, "calib", scale=11.0), "data"),
        (lambda: save_text(CALIB.vocabulary), "text"),
        (change_both, "data, text"),
    ],
    ids=["images", "scale", "text", "both"],
)
def test_a_calibration_on_anything_else_is_refused(copied: Path, change: Callable[[], object], parts: str) -> None:
    change()
    message = (
        rf"fixed\.json was not calibrated on the present calib split of scenes20 \(another {parts}\)\."
        r" Run `dvc repro calibrate@scenes20`\."
    )
    with pytest.raises(UserError, match=message):
        evaluate.main("scenes20")


def test_texts_of_another_class_list_are_refused(copied: Path) -> None:
    save_text(TEST.vocabulary, classes=["cat", "dog", "sky"])
    with pytest.raises(UserError, match=r"holds other classes than the segments of scenes20"):
        evaluate.main("scenes20")


def test_a_missing_calibration_is_named(copied: Path) -> None:
    (RESULTS / "calibration/scenes20/fixed.json").unlink()
    with pytest.raises(UserError, match=r"fixed\.json is missing. Run `dvc repro`"):
        evaluate.main("scenes20")


def test_gaps_are_measured_from_the_baseline_that_the_data_set_names(copied: Path) -> None:
    set_params({"datasets.scenes20.baseline": "global"})
    evaluate.main("scenes20")
    found = metrics()
    assert found["baseline"] == "global"
    for figures in found["strategies"].values():
        difference = figures["miou"] - found["strategies"]["global"]["miou"]
        assert figures["difference_to_baseline"] == pytest.approx(difference, abs=2e-6)
    assert read_json(RESULTS / "ladder/scenes20.json")["strategies"]["fixed"] == "global"
