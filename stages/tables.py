"""What the stages after `segment` read, and how they write: segment tables, texts, calibrations; CSV."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupseg.errors import UserError
from groupseg.files import atomic_path, read_json
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary, WordList
from groupseg.strategies.base import Strategy
from groupseg.strategies.crossfit import CrossFit, held_out
from groupseg.text.features import load_features

if TYPE_CHECKING:  # `calibrate` is done before pandas is loaded.
    from pandas import DataFrame

RESULTS = Path("results")
BASELINE, ORACLE = "fixed", "oracle.label"


def read_table(dataset: str, split: str) -> SegmentTable:
    """Reads the segments of a split."""
    return SegmentTable.load(Path("data/segments") / dataset / split / "table.safetensors")


def read_vocabulary(dataset: str, table: SegmentTable) -> tuple[Vocabulary, dict[str, Any]]:
    """Reads the texts of a data set, brought into the space of its segments.

    Returns:
        The vocabulary, and what the file says of it: "classes", "words", "encoder", "templates", "lists",
            "ensemble".

    Raises:
        UserError: If they are texts of other classes than those of the table.
    """
    path = Path("data/text") / f"{dataset}.safetensors"
    features, about = load_features(path)
    if tuple(about["classes"]) != table.classes:
        raise UserError(
            f"{path} holds other classes than the segments of {dataset}. Run `dvc repro embed_text@{dataset}`."
        )
    lists = {
        name: WordList(tuple(words), table.project_text(features[f"list.{name}"]))
        for name, words in about["lists"].items()
    }
    text = table.project_text(features["classes"])
    ensemble = np.stack([table.project_text(template) for template in features["ensemble"]])
    return Vocabulary(table.classes, tuple(about["words"]), text, ensemble, lists), about


def read_splits(dataset: str) -> tuple[SegmentTable, SegmentTable]:
    """Reads the calibration and the test images of a data set; where those are the same, parts of them.

    Where images are cross-fitted, a study would fit every fold many times: it takes the first one alone for the test.

    Raises:
        UserError: If an image is in both splits.
    """
    calibration, test = read_table(dataset, "calib"), read_table(dataset, "test")
    check_held_out(test, calibration)
    folds = crossfit(calibration)
    return held_out(test, folds) if folds else (calibration, test)


def crossfit(table: SegmentTable) -> int:
    """Returns in how many folds the images of a table are calibrated and judged in turn; 0 = they are not."""
    return int(table.protocol.get("crossfit", 0))


def calibratable(strategy: Strategy, table: SegmentTable) -> Strategy:
    """Returns the strategy as it is to be fitted on `table`: a copy for each fold where that is cross-fitted."""
    folds = crossfit(table)
    return CrossFit(strategy, folds) if folds else strategy


def calibration_path(dataset: str, strategy: str) -> Path:
    """Where the record of a calibration lies."""
    return Path("results/calibration") / dataset / f"{strategy}.json"


def origin(table: SegmentTable) -> dict[str, Any]:
    """What a calibration on this table was made from; it stands in its record."""
    protocol = {key: table.protocol[key] for key in ("dataset", "split", "weights_sha256")}
    folds = {"crossfit": table.protocol["crossfit"]} if crossfit(table) else {}
    return {**protocol, **folds, "images": len(table.keys), "classes": list(table.classes)}


def read_calibration(dataset: str, strategy: str, table: SegmentTable) -> dict[str, Any]:
    """Reads the record of a calibration on `table`.

    Raises:
        UserError: If it was made from anything else.
    """
    path = calibration_path(dataset, strategy)
    record: dict[str, Any] = read_json(path)
    made = origin(table)
    if stale := [key for key in (*made, *{"crossfit"}.difference(made)) if record.get(key) != made.get(key)]:
        raise UserError(
            f"{path} was not calibrated on the present calib split of {dataset} (another {', '.join(stale)})."
            f" Run `dvc repro calibrate@{dataset}-{strategy}`."
        )
    return record


def check_held_out(test: SegmentTable, calibration: SegmentTable) -> None:
    """Raises UserError if an image is in both splits, unless both are the same images and cross-fitted."""
    if crossfit(calibration) and crossfit(test) == crossfit(calibration) and test.keys == calibration.keys:
        return
    if both := sorted(set(test.keys) & set(calibration.keys)):
        raise UserError(
            f"{test.protocol['dataset']}: {len(both)} images are in the calib and in the test split, such as"
            f" {both[0]}. List each in one of them: what is fitted on an image must not be judged on it."
        )


def write_csv(path: Path, rows: "DataFrame") -> None:
    """Writes a table: numbers to six decimals, an empty cell for what is not defined."""
    with atomic_path(path) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
