"""What the pipeline has left in results/, read back for the report, the README and tracking."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from groupseg.errors import UserError
from groupseg.report.calibrations import read_calibration
from groupseg.report.forms import AGAIN, Ladder, Metrics, read_result
from groupseg.report.params_form import read_params
from groupseg.report.roles import LABEL_ORACLE

# Stands in tables for the baseline of each data set.
CONSTANT = "constant"
ARTWORK = "Artwork: OpenMoji, CC BY-SA 4.0"

# Tables of each data set, <kind>/<data set>.csv, and the columns that each has at least.
TABLES = {
    "confusions": ("truth", "predicted", "pixels", "share_of_truth", "miou_gain"),
    "curves": ("strategy", "threshold", "miou"),
    "learning": ("strategy", "images", "draw", "miou"),
    "losses": ("class", "iou", "background", "wrong_class", "masks"),
    "pairs": ("first", "second", "difference", "low", "high", "p"),
    "per_class": ("class", "pixel_share", LABEL_ORACLE),
    "reliability": ("strategy", "low", "high", "segments", "pixels", "confidence", "accuracy"),
    "transfer": ("strategy", "from", "to", "miou", "moved"),
    "vocabulary": (
        "kind", "strategy", "size", "draw", "threshold", "score", "miou", "miou_frozen", "miou_oracle",
    ),
}  # fmt: skip
# Columns of words; all others hold numbers.
_WORDS = ("class", "truth", "predicted", "strategy", "first", "second", "from", "to", "moved", "kind", "key")


@dataclass(frozen=True, eq=False)
class DatasetResults:
    """The results of one data set. All fractions are in 0..1; NaN is what is not defined.

    Attributes:
        name: Name of the data set.
        best: The calibrated strategy that stands for all of them; `evaluate.best` in params.yaml.
        metrics: What metrics/<name>.json holds.
        ladder: What ladder/<name>.json holds: "strategies" of the lower rungs, "rungs", "accept_or_drop".
        tables: By kind, those of `TABLES`. "per_class" has a column of IoU for each strategy too, background first.
        calibration: What calibration/<name>/<strategy>.json holds, by strategy.
        credit: What must stand beside its pictures; empty where nothing must.
    """

    name: str
    best: str
    metrics: dict[str, Any]
    ladder: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    calibration: dict[str, dict[str, Any]]
    credit: str

    @property
    def baseline(self) -> str:
        """The strategy that gaps are measured from: the constant that the paper or its code has for such data."""
        return str(self.metrics["baseline"])

    def name_of(self, name: str) -> str:
        """The name of a strategy; of `CONSTANT` that of the baseline."""
        return self.baseline if name == CONSTANT else name

    def figures(self, name: str) -> dict[str, Any]:
        """The figures of a strategy, or of `CONSTANT`; none where it does not run."""
        return self.strategies.get(self.name_of(name), {})

    @property
    def strategies(self) -> dict[str, dict[str, Any]]:
        """The figures of each strategy, in the order of params.yaml."""
        return {name: self.metrics["strategies"][name] for name in self.calibration}

    @property
    def ranking(self) -> list[str]:
        """The strategies by falling mIoU; of equals, the first in params.yaml."""
        return sorted(self.strategies, key=lambda name: -self.strategies[name]["miou"])

    @property
    def oracle(self) -> dict[str, Any]:
        """The figures of the label oracle."""
        figures: dict[str, Any] = self.metrics["oracle"]["label"]
        return figures

    @property
    def winner(self) -> str:
        """The strategy of highest mIoU."""
        return self.ranking[0]


@dataclass(frozen=True, eq=False)
class Results:
    """The results of a run.

    Attributes:
        root: The folder of the project.
        params: What params.yaml holds, with what data sets and models leave out.
        datasets: The data sets that run, in the order of params.yaml.
    """

    root: Path
    params: dict[str, Any]
    datasets: tuple[DatasetResults, ...]

    @property
    def transfer(self) -> pd.DataFrame:
        """The tables "transfer" of all data sets, the rows of a strategy together."""
        rows = pd.concat([dataset.tables["transfer"] for dataset in self.datasets])
        order = {name: place for place, name in enumerate(dict.fromkeys(rows["strategy"]))}
        return rows.sort_values("strategy", key=lambda names: names.map(order), kind="stable", ignore_index=True)

    @property
    def name(self) -> str:
        """What the run is called."""
        return str(self.params["run"]["name"])

    @property
    def folder(self) -> Path:
        """Where the results of the run lie."""
        return self.root / "results" / self.name

    @property
    def history(self) -> Path | None:
        """The history of the training; None where the model that runs is not trained here."""
        model = self.params["run"]["model"]
        return self.root / f"models/{model}.csv" if "training" in self.params["models"][model] else None

    @property
    def files(self) -> list[Path]:
        """The files that hold the results: those of the data sets and strategies that run, and no others."""
        results = self.folder
        files = [] if self.history is None else [self.history]
        for dataset in self.datasets:
            files += [results / f"{kind}/{dataset.name}.json" for kind in ("ladder", "metrics")]
            files += [results / f"{kind}/{dataset.name}.csv" for kind in TABLES]
            files += [results / f"calibration/{dataset.name}/{strategy}.json" for strategy in dataset.calibration]
        return sorted(files)


def gap_closed(datasets: Sequence[DatasetResults], strategy: str, start: str = CONSTANT) -> float | None:
    """Share of the way from `start`, 0, to the label oracle, 1, over data sets together; None where there is none."""
    return share_of_way(
        [
            [figures.get("miou") for figures in (item.figures(start), item.figures(strategy), item.oracle)]
            for item in datasets
        ]
    )


def share_of_way(rows: Sequence[Sequence[float | None]]) -> float | None:
    """Share of a way, from rows of where it starts, what is reached and where it ends; None where there is no way."""
    if any(None in row for row in rows):
        return None
    low, reached, end = (sum(values) for values in zip(*rows, strict=True))
    return float((reached - low) / (end - low)) if end > low else None


def read_results(root: Path) -> Results:
    """Reads the results of the data sets that params.yaml says run.

    Args:
        root: The folder of the project, which holds params.yaml and results/.

    Raises:
        UserError: If a file is missing or damaged.
    """
    params = read_params(root)
    try:
        folder = root / "results" / params["run"]["name"]
        datasets = tuple(_read_dataset(folder, params, name) for name in params["run"]["datasets"])
        return Results(root, params, datasets)
    except (KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(
            f"{root}/params.yaml and the files in results/ do not fit ({reason}). Run `dvc repro`."
        ) from error


def _read_dataset(results: Path, params: dict[str, Any], name: str) -> DatasetResults:
    file = results / f"metrics/{name}.json"
    metrics = read_result(file, Metrics)
    calibration = {
        strategy: read_calibration(results / f"calibration/{name}/{strategy}.json")[0]
        for strategy in params["run"]["strategies"]
        if strategy in metrics["strategies"]
    }
    best, baseline = params["evaluate"]["best"], metrics["baseline"]
    if best not in calibration:
        raise UserError(
            f"evaluate.best in params.yaml must name a strategy that runs, but is {best!r}. Name one of run.strategies."
        )
    if baseline not in calibration:
        raise UserError(f"{file}: baseline must name a strategy that runs, but is {baseline!r}. {AGAIN}")
    return DatasetResults(
        name=name,
        best=best,
        metrics=metrics,
        ladder=read_result(results / f"ladder/{name}.json", Ladder),
        tables={kind: read_csv(results / f"{kind}/{name}.csv", columns) for kind, columns in TABLES.items()},
        calibration=calibration,
        credit=ARTWORK if params["datasets"][name]["source"]["format"] == "scenes" else "",
    )


def read_csv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Reads a table of results: words as text, all else as numbers.

    Args:
        path: The file.
        columns: What it must hold at least.

    Raises:
        UserError: If it is missing or no CSV, or a column is missing or holds words in the place of numbers.
    """
    try:
        # A class may be called "null" or "nan": only the empty cell is missing.
        table = pd.read_csv(path, dtype=dict.fromkeys(_WORDS, str), keep_default_na=False, na_values=[""])
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except ValueError as error:
        raise UserError(f"{path} is no CSV file: {error}. {AGAIN}") from error
    if missing := [name for name in columns if name not in table]:
        raise UserError(f"{path} has no column {', '.join(missing)}. {AGAIN}")
    numbers = table.drop(columns=[name for name in _WORDS if name in table])
    if wrong := [name for name in numbers if len(table) and not is_numeric_dtype(table[name])]:
        raise UserError(f"{path}: column {wrong[0]} must hold numbers. {AGAIN}")
    return table
