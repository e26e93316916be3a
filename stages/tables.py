"""What the stages after `segment` read, and how they write: segment tables, texts, calibrations; CSV."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from groupseg.errors import UserError
from groupseg.io.files import atomic_path, read_json
from groupseg.records import Key, digest, files_digest
from groupseg.report.calibration_forms import KeptCalibration
from groupseg.report.calibrations import read_calibration
from groupseg.segments.table import SegmentTable
from groupseg.segments.table_file import read_kind
from groupseg.segments.texts import load_vocabulary
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.crossfit import crossfit, held_out, image_folds
from groupseg.strategies.protocol import Strategy
from stages import paths
from stages.schema import Params


def read_table(dataset: str, split: str) -> SegmentTable:
    """Reads the segments of a split.

    Raises:
        UserError: If the file is missing or damaged, or was made by a model whose training has diverged.
    """
    path = paths.table(dataset, split)
    table = SegmentTable.load(path)
    if not np.isfinite(table.image_embedding).all():
        model = table.protocol["model"]
        raise UserError(
            f"{path} holds embeddings that are no numbers: {paths.weights(model)} is damaged, or its training has"
            f" diverged, and {paths.history(model)} shows at which step. Lower the rates in models.{model}.training"
            " in params.yaml and run `dvc repro`."
        )
    return table


def read_vocabulary(dataset: str, table: SegmentTable) -> tuple[Vocabulary, dict[str, Any]]:
    """Reads the texts of a data set, brought into the space of its segments.

    Returns:
        The vocabulary, and what the file says of it: "classes", "words", "encoder", "templates", "lists",
            "ensemble".

    Raises:
        UserError: If they are texts of other classes than those of the table.
    """
    return load_vocabulary(paths.text(dataset), table)


def running(params: Params, dataset: str, names: Sequence[str], tell: bool = False) -> dict[str, Strategy]:
    """Returns those of some strategies that the segments of a data set hold something for; may `tell` of the others."""
    kind = read_kind(paths.table(dataset, "calib"))
    found = {name: params.strategies[name] for name in names if params.strategies[name].needs in (None, kind)}
    left_out = ", ".join(name for name in names if name not in found)
    if left_out and tell:
        needed = "scores" if kind == "embeddings" else "embeddings"
        print(f"{dataset}: {left_out} left out: they need {needed}, and segments have {kind}", file=sys.stderr)
    return found


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


def calibration_path(params: Params, dataset: str, strategy: str) -> Path:
    """Where the record of a calibration lies."""
    return paths.calibrations(params, dataset) / f"{strategy}.json"


def calibration_keys(dataset: str, strategies: Mapping[str, Strategy]) -> dict[str, Key]:
    """Computes the key that the record of each strategy must have."""
    data, text = files_digest(paths.table(dataset, "calib")), files_digest(paths.text(dataset))
    code = read_json(paths.note("calibrate"))["calibration"]
    given = {name: strategy.definition() for name, strategy in strategies.items()}
    return {
        name: {"data": data, "text": text, "params": digest(one), "code": code[one["rule"]]}
        for name, one in given.items()
    }


def read_kept(params: Params, dataset: str, strategy: str) -> tuple[dict[str, Any], Strategy]:
    """Reads the record of a calibration, and makes its strategy."""
    return read_calibration(calibration_path(params, dataset, strategy), KeptCalibration)


def read_calibrations(params: Params, dataset: str) -> dict[str, dict[str, Any]]:
    """Reads the records of the strategies that run, calibrated on the present calibration images and texts.

    Raises:
        UserError: If one was made from others.
    """
    present = {"data": files_digest(paths.table(dataset, "calib")), "text": files_digest(paths.text(dataset))}
    records = {}
    for strategy in running(params, dataset, params.run.strategies):
        records[strategy], _ = read_kept(params, dataset, strategy)
        key = records[strategy]["key"]
        path = calibration_path(params, dataset, strategy)
        if stale := [part for part, found in present.items() if key.get(part) != found]:
            raise UserError(
                f"{path} was not calibrated on the present calib split of {dataset} (another {', '.join(stale)})."
                f" Run `dvc repro calibrate@{dataset}`."
            )
    return records


def check_held_out(test: SegmentTable, calibration: SegmentTable) -> None:
    """Raises UserError if a picture is calibrated on and judged, whatever it is called.

    Of cross-fitted images, which are both by turns, all copies of a picture must be in one fold.
    """
    name, folds = test.protocol["dataset"], crossfit(calibration)
    if folds and crossfit(test) == folds and test.keys == calibration.keys:
        _check_pairs(name, _copies_across_folds(test, folds), "in two folds")
        return
    both = [(key, key) for key in sorted(set(test.keys) & set(calibration.keys))]
    known = dict(zip(calibration.digests, calibration.keys, strict=False))
    copies = [(key, known[pixels]) for pixels, key in zip(test.digests, test.keys, strict=False) if pixels in known]
    _check_pairs(name, both or copies, "in the calib and in the test split")


def _check_pairs(dataset: str, pairs: list[tuple[str, str]], where: str) -> None:
    """Raises UserError if there is a pair of images that are one picture."""
    if pairs:
        first, second = pairs[0]
        shown = first if first == second else f"{first}, which has the pixels of {second}"
        raise UserError(
            f"{dataset}: {len(pairs)} images are {where}, such as {shown}. Leave each in one of them: what is fitted on"
            f" an image must not be judged on it. `groupseg data check {dataset}` shows them."
        )


def _copies_across_folds(table: SegmentTable, folds: int) -> list[tuple[str, str]]:
    """Lists the images that have the pixels of an earlier one of another fold, with that one."""
    fold, earlier, found = image_folds(table.keys, folds), dict[str, int](), []
    for row, pixels in enumerate(table.digests):
        first = earlier.setdefault(pixels, row)
        if fold[row] != fold[first]:
            found.append((table.keys[row], table.keys[first]))
    return found


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a table: numbers to six decimals, an empty cell for what is not defined.

    Pandas would do it too, but to load it takes longer than most stages do.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *(map(_cell, row) for row in rows)])


def _cell(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.6f}"
    return value
