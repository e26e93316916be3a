"""What the pipeline has left in results/, read back for the report, the README and tracking."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from groupseg.errors import UserError
from groupseg.files import read_json

BASELINE = "fixed"
ORACLE = "oracle.label"
ARTWORK = "Artwork: OpenMoji, CC BY-SA 4.0"


@dataclass(frozen=True, eq=False)
class DatasetResults:
    """The results of one data set.

    Attributes:
        name: Name of the data set.
        metrics: What results/metrics/<name>.json holds; fractions in 0..1.
        per_class: Columns "class", "pixel_share", one per strategy, and `ORACLE`: IoU in 0..1, NaN where
            a class does not occur; background first.
        curves: Columns "strategy", "threshold", "miou": the curves on the test split.
        calibration: What results/calibration/<name>/<strategy>.json holds, by strategy.
        credit: What must stand beside its pictures; empty where nothing must.
    """

    name: str
    metrics: dict[str, Any]
    per_class: pd.DataFrame
    curves: pd.DataFrame
    calibration: dict[str, dict[str, Any]]
    credit: str

    @property
    def strategies(self) -> dict[str, dict[str, Any]]:
        """The figures of each strategy, in the order of params.yaml."""
        return {name: self.metrics["strategies"][name] for name in self.calibration}

    @property
    def oracle(self) -> dict[str, Any]:
        """The figures of the label oracle."""
        figures: dict[str, Any] = self.metrics["oracle"]["label"]
        return figures

    @property
    def winner(self) -> str:
        """The strategy of highest mIoU."""
        return max(self.strategies, key=lambda name: self.strategies[name]["miou"])

    @property
    def challenger(self) -> str:
        """The strategy of highest mIoU but for the baseline; the baseline where it runs alone."""
        others = [name for name in self.strategies if name != BASELINE] or [BASELINE]
        return max(others, key=lambda name: self.strategies[name]["miou"])


@dataclass(frozen=True, eq=False)
class Results:
    """The results of a run.

    Attributes:
        root: The folder of the project.
        params: What params.yaml holds.
        datasets: The data sets that run, in the order of params.yaml.
    """

    root: Path
    params: dict[str, Any]
    datasets: tuple[DatasetResults, ...]

    @property
    def history(self) -> Path | None:
        """The history of the training; None where the model that runs is not trained here."""
        trained = "training" in self.params["models"][self.params["run"]["model"]]
        return self.root / "results/train/history.csv" if trained else None

    @property
    def files(self) -> list[Path]:
        """The files that hold the results: those of the data sets and strategies that run, and no others."""
        files = [] if self.history is None else [self.history]
        for dataset in self.datasets:
            files += [self.root / f"results/metrics/{dataset.name}.json"]
            files += [self.root / f"results/{folder}/{dataset.name}.csv" for folder in ("per_class", "curves")]
            files += [
                self.root / f"results/calibration/{dataset.name}/{strategy}.json" for strategy in dataset.calibration
            ]
        return sorted(files)


def read_results(root: Path) -> Results:
    """Reads the results of the data sets that params.yaml says run.

    Args:
        root: The folder of the project, which holds params.yaml and results/.

    Raises:
        UserError: If a file is missing or damaged.
    """
    params = read_yaml(root / "params.yaml")
    try:
        return Results(root, params, tuple(_read_dataset(root, params, name) for name in params["run"]["datasets"]))
    except (KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(
            f"{root}/params.yaml and the files in results/ do not fit ({reason}). Run `dvc repro`."
        ) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads a YAML 1.2 file, as DVC does.

    Raises:
        UserError: If the file is missing or no YAML.
    """
    try:
        data: dict[str, Any] = YAML(typ="safe", pure=True).load(path)
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run this in the folder of the project.") from error
    except YAMLError as error:
        raise UserError(f"{path} is no YAML file: {' '.join(str(error).split())}. Mend it and run again.") from error
    return data


def _read_dataset(root: Path, params: dict[str, Any], name: str) -> DatasetResults:
    results = root / "results"
    metrics = read_json(results / f"metrics/{name}.json")
    calibration = {
        strategy: read_json(results / f"calibration/{name}/{strategy}.json")
        for strategy in params["run"]["strategies"]
        if strategy in metrics["strategies"]
    }
    return DatasetResults(
        name=name,
        metrics=metrics,
        per_class=_read_csv(results / f"per_class/{name}.csv"),
        curves=_read_csv(results / f"curves/{name}.csv"),
        calibration=calibration,
        credit=ARTWORK if params["datasets"][name]["source"]["format"] == "scenes" else "",
    )


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        # A class may be called "null" or "nan": only the empty cell is missing.
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except ValueError as error:
        raise UserError(f"{path} is no CSV file: {error}. Delete it and run `dvc repro` again.") from error
