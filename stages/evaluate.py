"""Judges all strategies of a data set on its test images: `python -m stages.evaluate scenes20`."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import save

from groupseg.files import atomic_path, write_json
from groupseg.metrics.bootstrap import bootstrap_miou, interval, resample_weights
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.counts import save_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import iou, summary
from groupseg.metrics.oracle import label_oracle
from groupseg.metrics.pairs import Pair, compare_pairs
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies import load
from groupseg.strategies.base import Strategy
from stages.params import load_params
from stages.stage import run
from stages.tables import (
    BASELINE,
    ORACLE,
    RESULTS,
    check_held_out,
    crossfit,
    read_calibration,
    read_table,
    read_vocabulary,
    write_csv,
)


def main(dataset: str) -> None:
    """Judges all strategies on the test split, against each other and against the label oracle."""
    params = load_params()
    table, calibration = read_table(dataset, "test"), read_table(dataset, "calib")
    check_held_out(table, calibration)
    vocabulary, about = read_vocabulary(dataset, table)
    records = {name: read_calibration(dataset, name, calibration) for name in params.run.strategies}
    strategies = {name: load(record) for name, record in records.items()}
    labels = {name: strategy.predict(table, vocabulary) for name, strategy in strategies.items()}
    labels[ORACLE] = label_oracle(table)
    counts = {name: image_counts(table, given) for name, given in labels.items()}
    weights = resample_weights(len(table.keys), params.evaluate.resamples, params.evaluate.seed)
    resampled = {name: bootstrap_miou(count, weights) for name, count in counts.items()}
    figures = judge(counts, resampled)
    oracle = figures.pop(ORACLE)
    pairs = compare_pairs({name: figure["miou"] for name, figure in figures.items()}, resampled)

    with atomic_path(Path("data/predictions") / f"{dataset}.safetensors") as path:
        path.write_bytes(save({name: given.astype(np.int32) for name, given in labels.items()}))
    save_counts(Path("data/counts") / f"{dataset}.safetensors", counts, table.keys, table.classes)
    write_csv(RESULTS / "pairs" / f"{dataset}.csv", pd.DataFrame(pairs, columns=[entry.name for entry in fields(Pair)]))
    write_csv(RESULTS / "curves" / f"{dataset}.csv", curves(strategies, table, vocabulary))
    write_csv(RESULTS / "per_class" / f"{dataset}.csv", per_class(table, counts))
    metrics = {
        "protocol": protocol(table, about, records),
        "images": len(table.keys),
        "classes": len(table.classes),
        "strategies": figures,
        "oracle": {"label": oracle},
    }
    write_json(RESULTS / "metrics" / f"{dataset}.json", metrics, decimals=6)


def judge(counts: Mapping[str, Counts], resampled: Mapping[str, NDArray[np.float64]]) -> dict[str, dict[str, Any]]:
    """Computes the figures of each strategy, and what sets it apart from the baseline, with 95 % intervals.

    Args:
        counts: Of each image, [N, C + 1], by strategy; the oracle among them, which is compared with nothing.
        resampled: mIoU of each on B resamples of the images; the same for all, so that differences are paired.
    """
    figures: dict[str, dict[str, Any]] = {name: {**summary(count)} for name, count in counts.items()}
    for name, figure in figures.items():
        figure["miou_ci"] = interval(resampled[name])
        if name != ORACLE:
            figure["difference_to_fixed"] = figure["miou"] - figures[BASELINE]["miou"]
            figure["difference_to_fixed_ci"] = interval(resampled[name] - resampled[BASELINE])
    return figures


def protocol(table: SegmentTable, about: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Says what the figures were measured with."""
    words = zip(table.classes, about["words"], strict=True)
    renamed = [f"{word} for {name}" for name, word in words if word != name]
    text = "; ".join([about["encoder"], *about["templates"], *renamed])
    scores = {name: record["params"].get("score", "its own") for name, record in records.items()}
    others = [f"{name}: {score}" for name, score in scores.items() if score != scores[BASELINE]]
    score = f"{scores[BASELINE]} ({', '.join(others)})" if others else scores[BASELINE]
    made = {key: value for key, value in table.protocol.items() if key not in ("dataset", "crossfit")}
    folds = {"split": f"{made['split']}, cross-fitted in {crossfit(table)} folds"} if crossfit(table) else {}
    return {**made, **folds, "text": text, "score": score}


def curves(strategies: Mapping[str, Strategy], table: SegmentTable, vocabulary: Vocabulary) -> pd.DataFrame:
    """Draws the mIoU of every threshold on the score of each strategy; long curves are thinned."""
    points: list[tuple[str, float, float]] = []
    for name, strategy in strategies.items():
        curve = threshold_curve(*strategy.candidates(table, vocabulary), table.histogram).thin()
        points += zip([name] * len(curve.miou), curve.thresholds, curve.miou, strict=True)
    return pd.DataFrame(points, columns=["strategy", "threshold", "miou"])


def per_class(table: SegmentTable, counts: Mapping[str, Counts]) -> pd.DataFrame:
    """Lists each class, background first, with its share of the labelled pixels and its IoU by strategy."""
    totals = {name: count.total() for name, count in counts.items()}
    truth = totals[ORACLE].truth
    columns = {name: iou(total) for name, total in totals.items()}
    share = truth / max(truth.sum(), 1)
    return pd.DataFrame({"class": ["background", *table.classes], "pixel_share": share, **columns})


if __name__ == "__main__":
    run(main)
