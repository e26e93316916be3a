"""Which strategies stand on the rungs of the ladder that know no truth."""

from typing import Any

from stages.evaluate import lower_rungs


def record(miou: float, rule: str = "threshold") -> dict[str, Any]:
    return {"rule": rule, "fitted": {"miou": miou}}


def test_the_best_score_is_the_one_that_does_best_on_calibration_images() -> None:
    records = {"fixed": record(0.9, "fixed"), "global": record(0.3), "softmax": record(0.5), "cosine": record(0.4)}
    assert lower_rungs("fixed", "context", records) == {
        "fixed": "fixed", "global": "global", "best score": "softmax", "best calibrated": "context",
    }  # fmt: skip


def test_cross_fitted_records_count_by_the_mean_of_their_folds() -> None:
    folds = {"rule": "threshold", "fitted": {}, "folds": [{"fitted": {"miou": 0.2}}, {"fitted": {"miou": 0.8}}]}
    assert lower_rungs("fixed", "cosine", {"global": record(0.4), "cosine": folds})["best score"] == "cosine"


def test_what_does_not_run_has_no_rung() -> None:
    assert lower_rungs("code_voc", "per_class", {"per_class": record(0.4, "per_class")}) == {
        "fixed": "code_voc", "best calibrated": "per_class",
    }  # fmt: skip
