"""Judges all strategies of a data set, and shows where the points go: `python -m stages.evaluate scenes20`."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupseg.check.forms import check_prepared
from groupseg.datasets.notes import read_notes
from groupseg.io.files import write_json
from groupseg.metrics.bootstrap import Resampled, bootstrap_miou, interval, rare_classes, resample_weights
from groupseg.metrics.confusion import Counts, confusion_matrix, image_counts
from groupseg.metrics.counts import save_counts
from groupseg.metrics.iou import iou, iou_summary
from groupseg.metrics.ladder import accept_or_drop, ladder, ladder_labels, rung
from groupseg.metrics.losses import confusions, losses
from groupseg.metrics.pairs import Pair, compare_pairs
from groupseg.metrics.reliability import reliability
from groupseg.report.roles import LABEL_ORACLE, REFERENCE
from groupseg.segments.memory import check_memory
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.crossfit import crossfit
from groupseg.strategies.registry import load
from groupseg.strategies.scores import ScoreName, best_class, checked_scores
from stages import paths
from stages.params import load_params
from stages.predictions import CURVES, curves, prediction_keys, strategy_labels
from stages.rows import update_rows
from stages.schema import Params
from stages.stage import run
from stages.tables import check_held_out, read_calibrations, read_table, read_vocabulary, write_csv

# Scores in 0..1, by the name that they go by in results/<run>/reliability: `fixed` takes the product.
PROBABILITIES: dict[str, ScoreName] = {"fixed": "product", "softmax": "softmax"}
CONFUSIONS = ("truth", "predicted", "pixels", "share_of_truth", "miou_gain")
# A protocol lists so many templates.
_MOST = 10


def main(dataset: str) -> None:
    """Judges all strategies on the test split, against each other and against the label oracle."""
    params = load_params()
    baseline = params.datasets[dataset].baseline
    check_memory(paths.table(dataset, "test"), 1, len(params.run.strategies))
    table = read_table(dataset, "test")
    check_held_out(table, read_table(dataset, "calib"))
    vocabulary, about = read_vocabulary(dataset, table)
    records = read_calibrations(params, dataset)
    label_keys, curve_keys = prediction_keys(dataset, records)
    labels = strategy_labels(paths.predictions(params, dataset), label_keys, records, table, vocabulary)
    truth = image_counts(table, labels[LABEL_ORACLE]).truth  # held once
    counts = {name: replace(image_counts(table, given), truth=truth) for name, given in labels.items()}
    weights = resample_weights(len(table.keys), params.evaluate.resamples, params.evaluate.seed)
    resampled = {name: bootstrap_miou(count, weights) for name, count in counts.items()}
    figures = judge(counts, resampled, baseline)
    oracle = figures.pop(LABEL_ORACLE)
    pairs = compare_pairs({name: resampled[name] for name in figures})
    results = paths.results(params)

    save_counts(paths.counts(params, dataset), counts, table.keys, table.classes)
    write_csv(results / "pairs" / f"{dataset}.csv", [entry.name for entry in fields(Pair)], map(astuple, pairs))
    draw = partial(curves, records, table, vocabulary)
    update_rows(results / "curves" / f"{dataset}.csv", f"curves {dataset}", curve_keys, CURVES, draw)
    write_columns(results / "per_class" / f"{dataset}.csv", per_class(table, counts))
    write_columns(results / "reliability" / f"{dataset}.csv", reliability_columns(table, vocabulary))
    lower = lower_rungs(baseline, params.evaluate.best, records)
    candidate, _ = load(records[params.evaluate.best]).candidates(table, vocabulary)
    write_ladder(params, dataset, table, vocabulary, candidate, labels, lower, weights)
    check_prepared(paths.prepared(dataset))
    notes = read_notes(paths.prepared(dataset))
    for note in notes:
        print(f"{dataset}: {note}", file=sys.stderr)
    warnings = rare_classes(counts[LABEL_ORACLE].truth, table.classes)
    metrics = {
        "protocol": protocol(table, about, records, baseline),
        **({"notes": notes} if notes else {}),
        "baseline": baseline,
        "images": len(table.keys),
        "classes": len(table.classes),
        "strategies": figures,
        "oracle": {"label": oracle},
        "warnings": warnings,
    }
    write_json(results / "metrics" / f"{dataset}.json", metrics, decimals=6)
    for warning in warnings:
        print(f"warning: {dataset}: {warning}", file=sys.stderr)


def judge(counts: Mapping[str, Counts], resampled: Mapping[str, Resampled], baseline: str) -> dict[str, dict[str, Any]]:
    """Computes the figures of each strategy, what sets it apart from the baseline, and what it lacks to the oracle.

    All have 95 % intervals.

    Args:
        counts: Of each image, [N, C + 1], by strategy; the oracle among them, which is compared with nothing.
        resampled: mIoU of each, on the same resamples of the images for all, so that differences are paired.
        baseline: The strategy that all are compared with.
    """
    figures: dict[str, dict[str, Any]] = {name: {**iou_summary(count)} for name, count in counts.items()}
    for name, figure in figures.items():
        figure["miou_ci"] = interval(resampled[name])
        if name != LABEL_ORACLE:
            difference = resampled[name] - resampled[baseline]
            figure["difference_to_baseline"] = difference.value
            figure["difference_to_baseline_ci"] = interval(difference)
            short = resampled[LABEL_ORACLE] - resampled[name]
            figure["short_of_oracle"] = short.value
            figure["short_of_oracle_ci"] = interval(short)
    return figures


def protocol(
    table: SegmentTable, about: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]], baseline: str
) -> dict[str, str]:
    """Says what the figures were measured with."""
    words = zip(table.classes, about["words"], strict=True)
    renamed = [f"{word} for {name}" for name, word in words if word != name]
    text = "; ".join([about["encoder"], *_said(about["templates"]), *renamed])
    scores = {name: record["params"].get("score", "its own") for name, record in records.items()}
    others = [f"{name}: {score}" for name, score in scores.items() if score != scores[baseline]]
    score = f"{scores[baseline]} ({', '.join(others)})" if others else scores[baseline]
    made = {key: value for key, value in table.protocol.items() if key not in ("dataset", "crossfit")}
    folds = {"split": f"{made['split']}, cross-fitted in {crossfit(table)} folds"} if crossfit(table) else {}
    return {**made, **folds, "text": text, "score": score}


def _said(templates: Sequence[str]) -> list[str]:
    """Names templates, or where there are many how many there are and which is the first."""
    return list(templates) if len(templates) <= _MOST else [f"{len(templates)} templates from {templates[0]!r} on"]


def write_columns(path: Path, columns: Mapping[str, Iterable[Any]]) -> None:
    """Writes columns by name."""
    write_csv(path, list(columns), zip(*columns.values(), strict=True))


def per_class(table: SegmentTable, counts: Mapping[str, Counts]) -> dict[str, Iterable[Any]]:
    """Lists each class, background first, with its share of the labelled pixels and its IoU by strategy."""
    totals = {name: count.total() for name, count in counts.items()}
    truth = totals[LABEL_ORACLE].truth
    columns = {name: iou(total) for name, total in totals.items()}
    share = truth / max(truth.sum(), 1)
    return {"class": ["background", *table.classes], "pixel_share": share, **columns}


def lower_rungs(baseline: str, best: str, records: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Names the strategy of each rung of the ladder that knows no truth; what does not run has no rung.

    The best score is chosen by mIoU on the calibration images, among single thresholds.
    """
    fitted = {name: calibration_miou(record) for name, record in records.items() if record["rule"] == "threshold"}
    rungs = {"fixed": baseline}
    if REFERENCE in records:
        rungs["global"] = REFERENCE
    if fitted:
        rungs["best score"] = max(fitted, key=lambda name: fitted[name])
    return {**rungs, "best calibrated": best}


def calibration_miou(record: Mapping[str, Any]) -> float:
    """MIoU on the calibration images; the mean over folds where images are cross-fitted."""
    return float(np.mean([part["fitted"]["miou"] for part in record.get("folds", [record])]))


def write_ladder(
    params: Params,
    dataset: str,
    table: SegmentTable,
    vocabulary: Vocabulary,
    candidate: NDArray[np.int32],
    predicted: Mapping[str, NDArray[np.int32]],
    lower: Mapping[str, str],
    weights: NDArray[np.int32],
) -> None:
    """Measures the rungs from the constant to perfect masks, and what the best strategy mixes up."""
    best, results = params.evaluate.best, paths.results(params)
    given = {name: predicted[strategy] for name, strategy in lower.items()}
    labels = ladder_labels(table, given, candidate, lambda block: checked_scores("cosine", block, vocabulary))
    kept, calibrated = (
        bootstrap_miou(image_counts(table, own), weights)
        for own in (accept_or_drop(table, predicted[best], candidate), predicted[best])
    )
    summary = {
        "strategies": lower,
        "rungs": [asdict(one) for one in ladder(table, labels, weights)],
        "accept_or_drop": asdict(rung("accept or drop known", kept, calibrated)),
    }
    write_json(results / "ladder" / f"{dataset}.json", summary, decimals=6)
    names = ["background", *table.classes]
    matrix = confusion_matrix(table, predicted[best])
    right = confusion_matrix(table, labels["best labelling"])
    # The mix-ups that cost most.
    mixed = [(names[truth], names[predicted], *rest) for truth, predicted, *rest in map(astuple, confusions(matrix))]
    write_csv(results / "confusions" / f"{dataset}.csv", CONFUSIONS, mixed)
    write_columns(results / "losses" / f"{dataset}.csv", {"class": names, **vars(losses(matrix, right))})


def reliability_columns(table: SegmentTable, vocabulary: Vocabulary) -> dict[str, Iterable[Any]]:
    """Compares the scores that claim to be probabilities with what they are worth."""
    found: dict[str, Iterable[Any]] = {}
    for name, score in PROBABILITIES.items():
        bins = vars(reliability(*best_class(score, table, vocabulary), table.histogram))
        for column, values in {"strategy": [name] * len(bins["low"]), **bins}.items():
            found[column] = [*found.get(column, ()), *values]
    return found


if __name__ == "__main__":
    run(main)
