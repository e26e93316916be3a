"""The stages on data sets whose images are calibrated on and judged in turn: what runs, and what cannot leak."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from groupseg.errors import UserError
from groupseg.io.files import read_json
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.report.curves import threshold_of
from groupseg.strategies.crossfit import image_folds
from groupseg.strategies.registry import STRATEGIES as RULES
from stages import calibrate, evaluate, studies
from stages.params import load_params
from tests.stages.small import note_code, save_table, save_text, set_params
from tests.strategies.test_crossfit import Leaking
from tests.tables import random_case

FOLDS, IMAGES = 3, 14
STRATEGIES = ["fixed", "global", "cosine"]
RESULTS = Path("results/scenes")
# With background, and without.
CASES = {
    "scenes20": random_case(0, images=IMAGES, classes=4),
    "scenes59": random_case(1, images=IMAGES, classes=4, background=False),
}
PLAIN = {"model": "scenes_small", "weights_sha256": "abc", "resolution": "96x96", "window": "whole"}


class ByHeart(Leaking):
    """Runs beside the strategies of params.yaml, and knows what it has seen by heart."""

    def definition(self) -> dict[str, Any]:
        return {"rule": "by_heart", "params": {}}


def save(dataset: str, split: str, folds: int, **changes: Any) -> None:
    """Writes the images of a data set as a split of it; with 0 folds they are not cross-fitted."""
    protocol = {**PLAIN, "dataset": dataset, "split": split, **({"crossfit": str(folds)} if folds else {})}
    case = CASES[dataset]
    save_table(case, split, dataset, **{"protocol": protocol, "keys": case.table.keys, **changes})


@pytest.fixture(scope="module", autouse=True)
def crossed(shared: Path) -> Iterator[None]:
    """Data sets of test images alone that every stage has run on."""
    set_params(
        {
            "run.datasets": list(CASES),
            **{f"datasets.{name}.baseline": "fixed" for name in CASES},
            "run.strategies": STRATEGIES,
            "evaluate": {"resamples": 50, "seed": 0, "best": "cosine"},
            "studies.learning": {"sizes": [4], "draws": 2, "seed": 0},
            "studies.vocabulary": {
                "sizes": [2], "absent": [2], "draws": 2, "seed": 0, "strategies": ["fixed", "cosine"]
            },
        }
    )  # fmt: skip
    shipped = load_params()
    params = shipped.model_copy(
        update={
            "run": shipped.run.model_copy(update={"strategies": [*STRATEGIES, "by_heart"]}),
            "strategies": shipped.strategies | {"by_heart": ByHeart()},
        }
    )
    note_code(by_heart="same")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RULES, "by_heart", ByHeart)
        for stage in (calibrate, evaluate, studies):
            patch.setattr(stage, "load_params", lambda: params)
        for dataset, case in CASES.items():
            for split in ("calib", "test"):
                save(dataset, split, FOLDS)
            save_text(case.vocabulary, dataset)
            calibrate.main(dataset)
            evaluate.main(dataset)
        for dataset in CASES:
            studies.main(dataset)
        yield


@pytest.mark.parametrize("name", CASES)
def test_no_image_judges_itself(name: str) -> None:
    case, found = CASES[name], load_file(f"data/predictions/scenes/{name}.safetensors")
    # Whoever were asked about images it has seen would have been right wherever the masks allow it.
    asked = ByHeart().fit(case.table, case.vocabulary).predict(case.table, case.vocabulary)
    assert np.array_equal(asked, found["oracle.label"])
    assert not found["by_heart"].any()
    assert found["cosine"].min() >= (0 if case.table.with_background else 1)
    assert found["cosine"].shape == case.table.image.shape


@pytest.mark.parametrize("name", CASES)
def test_each_fold_is_judged_by_the_threshold_of_the_others(name: str) -> None:
    case, record = CASES[name], read_json(RESULTS / f"calibration/{name}/cosine.json")
    assert (record["crossfit"], record["images"], len(record["folds"])) == (str(FOLDS), IMAGES, FOLDS)
    assert (record["rule"], record["params"]) == ("threshold", {"score": "cosine"})
    labels = load_file(f"data/predictions/scenes/{name}.safetensors")["cosine"]
    cosine = case.table.embedding @ case.text.T
    fold = image_folds(case.table.keys, FOLDS)[case.table.image]
    threshold = np.array([entry["fitted"]["threshold"] for entry in record["folds"]])[fold]
    accepted = (cosine.max(axis=1) >= threshold) | (not case.table.with_background)
    np.testing.assert_array_equal(labels, np.where(accepted, cosine.argmax(axis=1) + 1, 0))
    metrics = read_json(RESULTS / f"metrics/{name}.json")
    assert metrics["images"] == IMAGES
    assert metrics["protocol"]["split"] == "test, cross-fitted in 3 folds"
    expected = float(mean_iou(image_counts(case.table, labels).total()))
    assert metrics["strategies"]["cosine"]["miou"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_ladder_and_studies_judge_what_was_held_out(name: str) -> None:
    rungs = {rung["name"]: rung["miou"] for rung in read_json(RESULTS / f"ladder/{name}.json")["rungs"]}
    assert rungs["best calibrated"] == read_json(RESULTS / f"metrics/{name}.json")["strategies"]["cosine"]["miou"]
    table = CASES[name].table
    first = image_folds(table.keys, FOLDS) == 0
    learned = pd.read_csv(RESULTS / f"learning/{name}.csv")
    assert set(learned.images) == {4, IMAGES - first.sum()}
    last = learned[learned.images != 4].set_index("strategy").miou
    # What knows the others by heart calls these background.
    judged = table.subset(np.flatnonzero(first))
    nothing = mean_iou(image_counts(judged, np.zeros_like(judged.image)).total())
    assert last["by_heart"] == pytest.approx(float(nothing), abs=1e-6)
    whole = (
        pd.read_csv(RESULTS / f"vocabulary/{name}.csv")
        .query("kind == 'absent' and strategy == 'cosine' and size == 4")
        .miou.item()
    )
    moved = pd.read_csv(RESULTS / f"transfer/{name}.csv").set_index(["strategy", "from", "to"]).miou
    assert last["cosine"] == whole == moved["cosine", name, name]


def test_the_report_takes_a_record_of_folds_for_several_thresholds() -> None:
    records = {path.stem: read_json(path) for path in (RESULTS / "calibration/scenes20").iterdir()}
    assert threshold_of(records["cosine"]) is None
    assert threshold_of(records["fixed"]) == load_params().strategies["fixed"].threshold
    assert all(isinstance(record["warnings"], list) for record in records.values())


def refused(message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        evaluate.main("scenes20")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("folds", [0, 4])
def test_a_calibration_of_other_folds_is_refused(copied: Path, folds: int) -> None:
    save("scenes20", "calib", folds)
    save("scenes20", "test", folds, **({} if folds else {"keys": tuple(f"other{row}" for row in range(IMAGES))}))
    refused(r"fixed\.json was not calibrated on the present calib split of scenes20 \(another data\)")
    calibrate.main("scenes20")
    evaluate.main("scenes20")


def test_images_in_both_splits_are_refused_where_not_all_are_cross_fitted(copied: Path) -> None:
    save("scenes20", "calib", folds=0)
    refused("14 images are in the calib and in the test split, such as image0")
    save("scenes20", "test", folds=0)
    refused("14 images are in the calib and in the test split")
    save("scenes20", "calib", FOLDS)
    refused("14 images are in the calib and in the test split")
    save("scenes20", "test", FOLDS, keys=("other", *CASES["scenes20"].table.keys[1:]))
    refused("13 images are in the calib and in the test split")
