"""The ladder of a data set on tables made up at random: what is written, and how it fits the metrics."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groupseg.errors import UserError
from groupseg.files import read_json
from groupseg.metrics.iou import iou
from groupseg.metrics.losses import counts_of
from stages import evaluate, ladder
from tests.stages.test_evaluate import calibrate_all, case, save  # noqa: F401  (a fixture)
from tests.tables import Case

RUNGS = [
    "fixed", "calibrated", "test threshold", "background known", "presence known", "label oracle", "best labelling",
    "perfect",
]  # fmt: skip


@pytest.fixture
def evaluated(case: Case) -> Case:  # noqa: F811
    """A data set that is evaluated, with `cosine` as the best strategy."""
    calibrate_all()
    evaluate.main("scenes20")
    return case


def test_rungs_agree_with_the_metrics(evaluated: Case) -> None:
    ladder.main("scenes20")
    found = read_json("results/ladder/scenes20.json")
    metrics = read_json("results/metrics/scenes20.json")
    assert set(found) == {"strategy", "rungs", "naive"}
    assert found["strategy"] == "cosine"
    rungs = {rung["name"]: rung for rung in found["rungs"]}
    assert list(rungs) == RUNGS
    assert all(set(rung) == {"name", "miou", "miou_ci", "step", "step_ci"} for rung in rungs.values())
    assert sum(rung["step"] for rung in rungs.values()) == pytest.approx(1, abs=1e-5)
    strategies = metrics["strategies"]
    same = {
        "fixed": strategies["fixed"],
        "calibrated": strategies["cosine"],
        "label oracle": metrics["oracle"]["label"],
    }
    for name, figures in same.items():
        assert (rungs[name]["miou"], rungs[name]["miou_ci"]) == (figures["miou"], figures["miou_ci"])
    gained = strategies["cosine"]["difference_to_fixed_ci"]
    assert rungs["calibrated"]["step_ci"] == gained
    # Of a single threshold, the best on the test images is the highest point of its curve there.
    curves = pd.read_csv("results/curves/scenes20.csv")
    best = curves[curves.strategy == "cosine"].miou.max()
    assert rungs["test threshold"]["miou"] == pytest.approx(best, abs=2e-6)
    assert set(found["naive"]) == {"background_known", "presence_known"}


def test_confusions_losses_and_reliability(evaluated: Case) -> None:
    ladder.main("scenes20")
    names = ["background", *evaluated.table.classes]
    per_class = pd.read_csv("results/per_class/scenes20.csv")

    confusions = pd.read_csv("results/confusions/scenes20.csv")
    assert list(confusions) == ["truth", "predicted", "pixels", "share_of_truth", "miou_gain"]
    assert set(confusions.truth) | set(confusions.predicted) <= set(names)
    assert (confusions.truth != confusions.predicted).all()
    assert confusions.miou_gain.is_monotonic_decreasing

    losses = pd.read_csv("results/losses/scenes20.csv")
    assert list(losses) == ["class", "iou", "background", "wrong_class", "masks"]
    assert losses["class"].tolist() == names
    np.testing.assert_allclose(losses.iou, per_class.cosine, atol=1e-6)
    np.testing.assert_allclose(losses.iloc[:, 1:].sum(axis=1), 1, atol=1e-5)

    # All mix-ups are fewer than 30 here, so that they tell the IoU of each class.
    matrix = confusions.pivot_table("pixels", "truth", "predicted", fill_value=0).reindex(
        index=names, columns=names, fill_value=0
    )
    counts = matrix.to_numpy().astype(np.int64)
    truth = evaluated.table.histogram.sum(axis=0)
    found = iou(counts_of(counts + np.diag(truth - counts.sum(axis=1))))
    np.testing.assert_allclose(found, losses.iou, atol=1e-6)

    reliability = pd.read_csv("results/reliability/scenes20.csv")
    assert list(reliability) == ["strategy", "low", "high", "segments", "pixels", "confidence", "accuracy"]
    assert reliability.strategy.tolist() == ["fixed"] * 10 + ["softmax"] * 10
    assert reliability.groupby("strategy").segments.sum().tolist() == [50, 50]
    assert reliability.groupby("strategy").pixels.sum().tolist() == [truth.sum()] * 2


def test_the_same_input_gives_the_same_bytes(evaluated: Case) -> None:
    folders = ("ladder", "confusions", "losses", "reliability")
    ladder.main("scenes20")
    results = {path: path.read_bytes() for folder in folders for path in Path("results", folder).iterdir()}
    assert len(results) == len(folders)
    ladder.main("scenes20")
    assert results == {path: path.read_bytes() for path in results}


def test_missing_predictions_are_named(evaluated: Case) -> None:
    Path("data/predictions/scenes20.safetensors").unlink()
    with pytest.raises(UserError, match=r"scenes20\.safetensors is missing or damaged.* run `dvc repro`"):
        ladder.main("scenes20")


def test_a_calibration_from_other_images_is_refused(evaluated: Case) -> None:
    save(evaluated, "calib")
    with pytest.raises(UserError, match=r"cosine\.json was not calibrated on the present calib split"):
        ladder.main("scenes20")
