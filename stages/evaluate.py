"""Judges all strategies of a data set on its test images: `python -m stages.evaluate scenes20`."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from groupseg.errors import UserError
from groupseg.files import atomic_path, write_json
from groupseg.metrics.bootstrap import bootstrap_miou, interval, resample_weights
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import iou, summary
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from groupseg.strategies import load
from stages.params import load_params
from stages.stage import run
from stages.tables import read_calibration, read_table, read_text

RESULTS = Path("results")
BASELINE, ORACLE = "fixed", "oracle.label"


def main(dataset: str) -> None:
    """Judges all strategies on the test split, against each other and against the label oracle."""
    params = load_params()
    table, calibration = read_table(dataset, "test"), read_table(dataset, "calib")
    check_held_out(table, calibration)
    text, about = read_text(dataset, table)
    records = {name: read_calibration(dataset, name, calibration) for name in params.run.strategies}
    strategies = {name: load(record) for name, record in records.items()}
    labels = {name: strategy.predict(table, text) for name, strategy in strategies.items()}
    labels[ORACLE] = label_oracle(table)
    counts = {name: image_counts(table, given) for name, given in labels.items()}
    figures = judge(counts, resample_weights(len(table.keys), params.evaluate.resamples, params.evaluate.seed))
    oracle = figures.pop(ORACLE)

    with atomic_path(Path("data/predictions") / f"{dataset}.safetensors") as path:
        path.write_bytes(save({name: given.astype(np.int32) for name, given in labels.items()}))
    curves = ((name, threshold_curve(*strategy.candidates(table, text), table.histogram).thin())
              for name, strategy in strategies.items() if hasattr(strategy, "candidates"))  # fmt: skip
    points = ((name, *point) for name, curve in curves for point in zip(curve.thresholds, curve.miou, strict=True))
    write_csv(RESULTS / "curves" / f"{dataset}.csv", ["strategy", "threshold", "miou"], points)
    write_csv(RESULTS / "per_class" / f"{dataset}.csv", ["class", "pixel_share", *counts], per_class(table, counts))
    metrics = {
        "protocol": protocol(table, about, records),
        "images": len(table.keys),
        "classes": len(table.classes),
        "strategies": figures,
        "oracle": {"label": oracle},
    }
    write_json(RESULTS / "metrics" / f"{dataset}.json", metrics)


def check_held_out(test: SegmentTable, calibration: SegmentTable) -> None:
    """Raises UserError if an image is in both splits."""
    if both := sorted(set(test.keys) & set(calibration.keys)):
        raise UserError(
            f"{test.protocol['dataset']}: {len(both)} images are in the calib and in the test split ({both[0]} ...)."
            " List each in one of them and run `dvc repro`: what is fitted on an image must not be judged on it."
        )


def judge(counts: Mapping[str, Counts], weights: NDArray[np.int32]) -> dict[str, dict[str, Any]]:
    """Computes the figures of each strategy, with 95 % intervals, and its difference to the baseline on the same resamples.

    Args:
        counts: Of each image, [N, C + 1], by strategy; the oracle among them, which is compared with nothing.
        weights: [B, N], how often each resample draws each image.
    """
    resampled = {name: bootstrap_miou(count, weights) for name, count in counts.items()}
    figures: dict[str, dict[str, Any]] = {name: summary(count) for name, count in counts.items()}
    for name, figure in figures.items():
        figure["miou_ci"] = interval(resampled[name])
        if name != ORACLE:
            figure["difference_to_fixed"] = figure["miou"] - figures[BASELINE]["miou"]
            figure["difference_to_fixed_ci"] = interval(resampled[name] - resampled[BASELINE])
    return figures


def protocol(table: SegmentTable, about: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Says what the figures were measured with."""
    scores = {name: record["params"].get("score", record["rule"]) for name, record in records.items()}
    renamed = [f"{word} for {name}" for name, word in zip(table.classes, about["words"], strict=True) if word != name]
    text = [about["encoder"], *about["templates"], *renamed]
    made = {key: table.protocol[key] for key in ("model", "weights_sha256", "resolution", "window", "split")}
    return {**made, "text": "; ".join(text), "score": "; ".join(f"{name} {score}" for name, score in scores.items())}


def per_class(table: SegmentTable, counts: Mapping[str, Counts]) -> Iterable[Sequence[object]]:
    """Yields each class, background first, with its share of the labelled pixels and its IoU by strategy."""
    totals = {name: count.total() for name, count in counts.items()}
    truth = totals[ORACLE].truth
    share = truth / max(truth.sum(), 1)
    return zip(("background", *table.classes), share, *(iou(total) for total in totals.values()), strict=True)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a table, numbers to six decimals, NaN as an empty cell."""
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([cell if isinstance(cell, str) else "" if np.isnan(cell) else f"{cell:.6f}" for cell in row])


if __name__ == "__main__":
    run(main)
