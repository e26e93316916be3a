"""Labels and curves of strategies on the test images, of which those are kept that are still right."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from tqdm import tqdm

from groupseg.io.files import atomic_path, read_json
from groupseg.metrics.curve import Curve
from groupseg.metrics.oracle import label_oracle
from groupseg.records import digest, files_digest
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.registry import load
from groupseg.studies.constants import family
from groupseg.studies.curves import prediction_curve
from stages import paths
from stages.tables import ORACLE

CURVES = ("strategy", "threshold", "miou")
# Calibrations, by strategy.
Records = Mapping[str, Mapping[str, Any]]


def prediction_keys(dataset: str, records: Records) -> tuple[dict[str, str], dict[str, str]]:
    """Computes the keys that the labels of each strategy, and its curve, must have.

    Constants have one curve, whatever the constant.
    """
    made_from = files_digest(paths.table(dataset, "test"), paths.text(dataset))
    code = read_json(paths.note("evaluate", dataset))["curves"]

    def key(record: Mapping[str, Any], given: Any) -> str:
        return digest([made_from, given, code[record["rule"]]])

    labels = {name: key(record, record["key"]) for name, record in records.items()}
    drawn = {
        name: key(record, shared if (shared := family(name, record)) != name else record["key"])
        for name, record in records.items()
    }
    return labels, drawn


def predict(
    path: Path, keys: Mapping[str, str], records: Records, table: SegmentTable, vocabulary: Vocabulary
) -> dict[str, NDArray[np.int32]]:
    """Labels the segments by each strategy and by the label oracle, [S] int32 each; keeps labels whose key is right.

    Args:
        path: Where the labels lie.
        keys: Key of each strategy, in this order.
        records: Calibrations, by strategy.
        table: The segments.
        vocabulary: Their classes.
    """
    labels = read_labels(path, keys)
    missing = [name for name in keys if name not in labels]
    for name in tqdm(missing, desc=f"judge {path.stem}", unit="strategy", disable=None):
        labels[name] = load(records[name]).predict(table, vocabulary)
    labels = {**{name: labels[name].astype(np.int32) for name in keys}, ORACLE: label_oracle(table)}
    with atomic_path(path) as temporary:
        save_file(labels, temporary, {"keys": json.dumps(keys)})
    return labels


def read_labels(path: Path, keys: Mapping[str, str]) -> dict[str, NDArray[np.int32]]:
    """Reads the labels whose key is right; none where there is no whole file."""
    try:
        with safe_open(path, framework="numpy") as file:
            found = json.loads((file.metadata() or {})["keys"])
            return {name: file.get_tensor(name) for name, key in keys.items() if found.get(name) == key}
    except (OSError, KeyError, ValueError, SafetensorError):
        return {}


def curves(
    records: Records, table: SegmentTable, vocabulary: Vocabulary, names: list[str]
) -> list[tuple[str, float, float]]:
    """Draws the mIoU of every threshold on the score of some strategies: rows of `CURVES`; long curves are thinned."""
    points: list[tuple[str, float, float]] = []
    drawn: dict[str, Curve] = {}
    for name in tqdm(names, desc="curves", unit="strategy", disable=None):
        key = family(name, records[name])
        if key not in drawn:
            drawn[key] = prediction_curve(load(records[name]), table, vocabulary).thin()
        curve = drawn[key]
        points += zip([name] * len(curve.miou), curve.thresholds, curve.miou, strict=True)
    return points
