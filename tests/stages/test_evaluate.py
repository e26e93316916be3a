"""Calibrate and evaluate on tables made up at random: what is written, and what is refused."""

import csv
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from dvc.utils.hydra import apply_overrides
from safetensors.numpy import load_file
from torch import from_numpy
from torchmetrics.classification import MulticlassJaccardIndex

from groupseg.errors import UserError
from groupseg.files import read_json, write_json
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.counts import load_counts
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from groupseg.text.features import save_features
from stages import calibrate, evaluate
from tests.tables import IGNORE, Case, random_case

STRATEGIES = ["fixed", "global", "per_class", "relative", "cosine", "learned"]


def save(case: Case, split: str, **changes: object) -> SegmentTable:
    """Writes the table of a case as a split of scenes20."""
    protocol = {
        "dataset": "scenes20", "split": split, "model": "m", "weights_sha256": "abc",
        "resolution": "96x96", "window": "whole",
    }  # fmt: skip
    keys = tuple(f"{split}-{key}" for key in case.table.keys)
    table = replace(case.table, **{"protocol": protocol, "keys": keys, **changes})
    table.save(f"data/segments/scenes20/{split}/table.safetensors")
    return table


def save_text(case: Case, classes: list[str] | None = None) -> None:
    names = classes or list(case.table.classes)
    about = {
        "classes": names,
        "words": ["puppy", *names[1:]],
        "encoder": "minilm",
        "templates": ["a photo of a {}."],
        "lists": {name: list(given.words) for name, given in case.vocabulary.lists.items()},
        "ensemble": [f"{row} {{}}." for row in range(len(case.vocabulary.ensemble))],
    }
    lists = {f"list.{name}": given.text for name, given in case.vocabulary.lists.items()}
    features = {"classes": case.text, "ensemble": case.vocabulary.ensemble, **lists}
    save_features("data/text/scenes20.safetensors", features, about)


@pytest.fixture
def case(project: Path) -> Case:
    """The test split; the calibration images are others, with the same class texts."""
    running = f"run.strategies=[{','.join(STRATEGIES)}]"
    overrides = [running, "evaluate.best=cosine", "evaluate.resamples=200", "strategies.learned.steps=5"]
    apply_overrides("params.yaml", overrides)
    calibration, test = random_case(0, images=12), random_case(1, images=10)
    save(calibration, "calib")
    save(test, "test")
    save_text(test)
    return test


def calibrate_all() -> None:
    for strategy in STRATEGIES:
        calibrate.main("scenes20", strategy)


def test_calibration_records_what_it_was_made_from(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    calibrate_all()
    record = read_json("results/calibration/scenes20/global.json")
    assert (record["dataset"], record["split"], record["images"]) == ("scenes20", "calib", 12)
    assert record["rule"] == "threshold"
    assert record["params"] == {"score": "product"}
    assert set(record["fitted"]) == {"threshold", "miou"}
    assert record["curve"]["threshold"]
    assert record["with_background"]
    assert record["text"]["words"] == ["puppy", *case.table.classes[1:]]
    assert record["text"]["templates"] == ["a photo of a {}."]
    assert len(record["text"]["ensemble"]) == len(case.vocabulary.ensemble)


def test_warnings_are_printed(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    calibration = random_case(0, images=12)
    empty = calibration.table.histogram.toarray()
    empty[:, 2] = 0
    save(calibration, "calib", histogram=type(calibration.table.histogram)(empty))
    calibrate.main("scenes20", "per_class")
    assert "warning: per_class on scenes20: " in capsys.readouterr().err


def test_metrics_have_the_promised_keys_and_equal_torchmetrics(case: Case) -> None:
    calibrate_all()
    evaluate.main("scenes20")
    metrics = read_json("results/metrics/scenes20.json")
    assert set(metrics) == {"protocol", "images", "classes", "strategies", "oracle"}
    assert set(metrics["protocol"]) == {
        "model",
        "weights_sha256",
        "text",
        "resolution",
        "window",
        "split",
        "score",
    }
    assert metrics["protocol"]["text"] == "minilm; a photo of a {}.; puppy for class0"
    assert metrics["protocol"]["score"] == "product (cosine: cosine, learned: its own)"
    assert metrics["protocol"]["split"] == "test"
    assert (metrics["images"], metrics["classes"]) == (10, 3)
    assert set(metrics["strategies"]) == set(STRATEGIES)
    headline = {"miou", "miou_ci", "background_iou", "foreground_miou", "pixel_accuracy"}
    predictions = load_file("data/predictions/scenes20.safetensors")
    assert set(predictions) == {*STRATEGIES, "oracle.label"}
    for name, figures in metrics["strategies"].items():
        assert set(figures) == headline | {"difference_to_fixed", "difference_to_fixed_ci"}
        reference = MulticlassJaccardIndex(4, average="macro", ignore_index=IGNORE)
        expected = reference(from_numpy(case.predicted(predictions[name])), from_numpy(case.truth))
        assert figures["miou"] == pytest.approx(float(expected), abs=2e-6)
        assert figures["miou_ci"][0] <= figures["miou"] <= figures["miou_ci"][1]
    assert set(metrics["oracle"]) == {"label"}
    assert set(metrics["oracle"]["label"]) == headline
    assert np.array_equal(predictions["oracle.label"], label_oracle(case.table))
    fixed = metrics["strategies"]["fixed"]
    assert fixed["difference_to_fixed"] == 0
    assert fixed["difference_to_fixed_ci"] == [0, 0]


def test_tables_beside_the_metrics(case: Case) -> None:
    calibrate_all()
    evaluate.main("scenes20")
    metrics = read_json("results/metrics/scenes20.json")["strategies"]
    with open("results/per_class/scenes20.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["class", "pixel_share", *STRATEGIES, "oracle.label"]
    assert [row["class"] for row in rows] == ["background", "class0", "class1", "class2"]
    assert sum(float(row["pixel_share"]) for row in rows) == pytest.approx(1, abs=1e-5)
    for name in STRATEGIES:
        values = [float(row[name]) for row in rows if row[name]]
        assert np.mean(values) == pytest.approx(metrics[name]["miou"], abs=1e-5)
    with open("results/curves/scenes20.csv", encoding="utf-8") as file:
        points = list(csv.DictReader(file))
    assert list(points[0]) == ["strategy", "threshold", "miou"]
    best = max(float(point["miou"]) for point in points if point["strategy"] == "global")
    assert best >= metrics["global"]["miou"] - 1e-6


def test_pairs_agree_with_the_metrics(case: Case) -> None:
    calibrate_all()
    evaluate.main("scenes20")
    metrics = read_json("results/metrics/scenes20.json")["strategies"]
    with open("results/pairs/scenes20.csv", encoding="utf-8") as file:
        pairs = list(csv.DictReader(file))
    assert list(pairs[0]) == ["first", "second", "difference", "low", "high", "p"]
    assert [(pair["first"], pair["second"]) for pair in pairs] == list(combinations(STRATEGIES, 2))
    for pair in pairs:
        difference = metrics[pair["first"]]["miou"] - metrics[pair["second"]]["miou"]
        assert float(pair["difference"]) == pytest.approx(difference, abs=2e-6)
        assert float(pair["low"]) <= float(pair["difference"]) <= float(pair["high"])
        assert 0 < float(pair["p"]) <= 1


def test_counts_are_those_of_the_predictions(case: Case) -> None:
    calibrate_all()
    evaluate.main("scenes20")
    predictions = load_file("data/predictions/scenes20.safetensors")
    counts, keys, classes = load_counts("data/counts/scenes20.safetensors")
    assert set(counts) == {*STRATEGIES, "oracle.label"}
    assert keys == tuple(f"test-{key}" for key in case.table.keys)
    assert classes == case.table.classes
    for name, count in counts.items():
        expected = image_counts(case.table, predictions[name])
        for part in ("tp", "predicted", "truth"):
            np.testing.assert_array_equal(getattr(count, part), getattr(expected, part))


def test_the_same_input_gives_the_same_bytes(case: Case) -> None:
    calibrate_all()
    evaluate.main("scenes20")
    places = [*Path("results").rglob("*.*"), *Path("data/predictions").glob("*"), *Path("data/counts").glob("*")]
    results = {path: path.read_bytes() for path in places}
    assert len(results) == len(STRATEGIES) + 6
    calibrate_all()
    evaluate.main("scenes20")
    assert results == {path: path.read_bytes() for path in results}


def test_an_image_in_both_splits_is_refused(case: Case) -> None:
    calibrate_all()
    save(case, "test", keys=("calib-image3", *(f"test-{index}" for index in range(9))))
    with pytest.raises(
        UserError, match="scenes20: 1 images are in the calib and in the test split, such as calib-image3"
    ):
        evaluate.main("scenes20")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dataset", "scenes59"),
        ("split", "test"),
        ("images", 11),
        ("classes", ["cat"]),
        ("weights_sha256", "def"),
    ],
)
def test_a_calibration_from_anything_else_is_refused(case: Case, key: str, value: object) -> None:
    calibrate_all()
    path = Path("results/calibration/scenes20/cosine.json")
    write_json(path, {**read_json(path), key: value})
    message = rf"cosine\.json was not calibrated on .* calib split of scenes20 \(another {key}\). Run `dvc repro calib"
    with pytest.raises(UserError, match=message):
        evaluate.main("scenes20")


def test_texts_of_another_class_list_are_refused(case: Case) -> None:
    save_text(case, classes=["cat", "dog", "sky"])
    with pytest.raises(
        UserError,
        match=r"holds other classes than the segments of scenes20. Run `dvc repro embed_text@scenes20`",
    ):
        calibrate.main("scenes20", "global")


def test_a_missing_calibration_is_named(case: Case) -> None:
    with pytest.raises(UserError, match=r"fixed\.json is missing. Run `dvc repro`"):
        evaluate.main("scenes20")
