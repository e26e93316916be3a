"""What a threshold is worth on another data set than the one it was calibrated on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from groupseg.errors import UserError
from groupseg.files import atomic_path
from groupseg.metrics.curve import Curve
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import SingleThreshold, Strategy
from groupseg.strategies.natural import Natural
from groupseg.studies.curves import miou_at, prediction_curve

ALL = "all"


@dataclass(frozen=True, eq=False)
class Fitted:
    """What transfer needs of a strategy on one data set.

    Attributes:
        threshold: The calibrated threshold.
        calib: mIoU on the calibration images at every threshold, all else as fitted there.
        test: The same on the test images.
    """

    threshold: float
    calib: Curve
    test: Curve


def fitted_curves(
    strategies: Mapping[str, Strategy], calib: SegmentTable, test: SegmentTable, vocabulary: Vocabulary
) -> dict[str, Fitted]:
    """Draws the curves of the strategies that have a calibrated single threshold; the others are left out.

    Args:
        strategies: Fitted on the calibration images, by name.
        calib: The calibration images.
        test: The test images.
        vocabulary: The classes of both.
    """
    return {
        name: Fitted(
            strategy.threshold,
            prediction_curve(strategy, calib, vocabulary),
            prediction_curve(strategy, test, vocabulary),
        )
        for name, strategy in strategies.items()
        if isinstance(strategy, SingleThreshold) and not (isinstance(strategy, Natural) and not strategy.calibrated)
    }


def transfer(datasets: Mapping[str, Mapping[str, Fitted]]) -> pd.DataFrame:
    """Judges each data set with the threshold of each data set, and with one threshold for all.

    Only the threshold moves: what else a strategy has fitted stays that of the data set it is judged on. The
    threshold for all is the one of highest mean mIoU over the calibration images of all data sets.

    Args:
        datasets: What `fitted_curves` found, by data set and strategy.

    Returns:
        "strategy", "from" (a data set, or "all"), "to", "miou": mIoU on the test images of `to` in 0..1.
    """
    rows = []
    for name in dict.fromkeys(name for fitted in datasets.values() for name in fitted):
        own = {dataset: fitted[name] for dataset, fitted in datasets.items() if name in fitted}
        thresholds = {dataset: fitted.threshold for dataset, fitted in own.items()}
        thresholds[ALL] = common_threshold([fitted.calib for fitted in own.values()])
        rows += [
            (name, source, target, float(miou_at(fitted.test, np.array([threshold]))[0]))
            for source, threshold in thresholds.items()
            for target, fitted in own.items()
        ]
    return pd.DataFrame(rows, columns=["strategy", "from", "to", "miou"])


def common_threshold(curves: list[Curve]) -> float:
    """Finds the threshold that maximises the mean mIoU of some curves, as `Curve.best` does that of one.

    The mean changes at the thresholds of the curves alone, so that no other need be tried.
    """
    thresholds = np.unique(np.concatenate([curve.thresholds for curve in curves]))[::-1]
    miou = np.mean([miou_at(curve, thresholds) for curve in curves], axis=0)
    return Curve(thresholds, miou, np.full_like(miou, np.nan)).best()[0]


def save_curves(path: Path, fitted: Mapping[str, Fitted]) -> None:
    """Writes what `fitted_curves` found; equal curves are equal bytes."""
    arrays = {"": np.zeros(0)}
    for name, one in fitted.items():
        for split, curve in {"calib": one.calib, "test": one.test}.items():
            arrays |= {f"{name}.{split}.threshold": curve.thresholds, f"{name}.{split}.miou": curve.miou}
    about = {name: one.threshold for name, one in fitted.items()}
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {"about": json.dumps(about)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def load_curves(path: Path) -> dict[str, Fitted]:
    """Reads what `save_curves` wrote.

    Raises:
        UserError: If the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            about: dict[str, float] = json.loads(file.metadata()["about"])
        return {
            name: Fitted(threshold, *(_curve(arrays, f"{name}.{split}") for split in ("calib", "test")))
            for name, threshold in about.items()
        }
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is missing or damaged: {error}. Delete it and run `dvc repro`.") from error


def _curve(arrays: Mapping[str, np.ndarray], name: str) -> Curve:
    miou = arrays[f"{name}.miou"]
    return Curve(arrays[f"{name}.threshold"], miou, np.full_like(miou, np.nan))
