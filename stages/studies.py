"""What is asked of strategies beyond their figures: `python -m stages.studies scenes20`.

How many calibration images they need, and what other class lists do to them. Rows whose key is right are kept.
"""

import io
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from groupseg.files import read_json
from groupseg.parallel import workers
from groupseg.records import account, digest, files_digest
from groupseg.segments.memory import check_memory
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import Strategy
from groupseg.studies.learning import learning_curve
from groupseg.studies.vocabulary import vocabulary_study
from stages import paths
from stages.params import load_params
from stages.schema import LearningStudy, Params, VocabularyStudy
from stages.stage import run
from stages.tables import read_splits, read_vocabulary, write_csv

Strategies = Mapping[str, Strategy]


class Data(NamedTuple):
    """Calibration images, test images, and the vocabulary of both."""

    calib: SegmentTable
    test: SegmentTable
    vocabulary: Vocabulary


class Dataset:
    """A data set that is not read before it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.digest = files_digest(*(paths.table(name, split) for split in ("calib", "test")), paths.text(name))

    @cached_property
    def data(self) -> Data:
        """What lies in its files."""
        check_memory(paths.table(self.name, "test"), workers())
        calib, test = read_splits(self.name)
        return Data(calib, test, read_vocabulary(self.name, calib)[0])


def main(dataset: str) -> None:
    """Makes the rows that are missing or of anything else, on all cores."""
    params, found = load_params(), Dataset(dataset)
    learn(params, found)
    vary(params, found)


def learn(params: Params, dataset: Dataset) -> None:
    """Fits strategies on draws of the calibration images."""
    study = params.studies.learning

    def rows(strategies: Strategies) -> pd.DataFrame:
        return learning_curve(strategies, *dataset.data, study.sizes, study.draws, study.seed, workers())

    update("learning", params, dataset, study, params.run.strategies, rows)


def vary(params: Params, dataset: Dataset) -> None:
    """Gives strategies other class lists."""
    study = params.studies.vocabulary

    def rows(strategies: Strategies) -> pd.DataFrame:
        return vocabulary_study(
            strategies, *dataset.data, study.sizes, study.absent, study.draws, study.seed, workers()
        )

    update("vocabulary", params, dataset, study, study.strategies, rows)


def update(
    name: str,
    params: Params,
    dataset: Dataset,
    study: LearningStudy | VocabularyStudy,
    strategies: list[str],
    rows: Callable[[Strategies], pd.DataFrame],
) -> None:
    """Keeps the rows of the strategies whose key is right, and makes those of the others.

    Args:
        name: Of the study, and of the folder of its tables, which have the columns "strategy" and "key".
        params: All parameters.
        dataset: The data set.
        study: The parameters of the study.
        strategies: Those that the table is to hold, in this order.
        rows: Makes the rows of some of them.
    """
    started = time.monotonic()
    path = paths.results(params) / name / f"{dataset.name}.csv"
    keys = row_keys(name, params, dataset, study, strategies)
    kept = read_rows(path, keys)
    missing = {strategy: params.strategies[strategy] for strategy in strategies if strategy not in kept}
    if missing:
        made = as_text(rows(missing))
        kept |= {strategy: made[made.strategy == strategy].assign(key=keys[strategy]) for strategy in missing}
    write_csv(path, pd.concat([kept[strategy] for strategy in strategies]))
    reasons = dict.fromkeys(missing, "new or changed")
    print(account(f"{name} {dataset.name}", len(keys) - len(missing), reasons, time.monotonic() - started))


def row_keys(
    name: str, params: Params, dataset: Dataset, study: LearningStudy | VocabularyStudy, strategies: list[str]
) -> dict[str, str]:
    """Computes the key that the rows of each strategy must have."""
    code = read_json(paths.note("studies"))[name]
    # Which strategies a study lists decides nothing about any of them.
    said = study.model_dump(exclude={"strategies"})
    given = {strategy: params.strategies[strategy].definition() for strategy in strategies}
    return {strategy: digest([dataset.digest, said, one, code[one["rule"]]]) for strategy, one in given.items()}


def read_rows(path: Path, keys: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Reads the rows of each strategy whose key is right, numbers as they are written."""
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (FileNotFoundError, ValueError):  # none, or no whole one
        return {}
    if not {"strategy", "key"} <= set(rows):
        return {}
    found = {str(name): own for name, own in rows.groupby("strategy", sort=False)}
    return {name: own for name, own in found.items() if name in keys and set(own.key) == {keys[name]}}


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Turns numbers into what `write_csv` writes for them, as `read_rows` reads it."""
    written = rows.to_csv(index=False, float_format="%.6f")
    return pd.read_csv(io.StringIO(written), dtype=str, keep_default_na=False)


if __name__ == "__main__":
    run(main)
