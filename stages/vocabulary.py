"""The segments of a data set under smaller and larger class lists: `python -m stages.vocabulary scenes20`."""

import os
from pathlib import Path

from groupseg.studies.vocabulary import vocabulary_study
from stages.params import load_params
from stages.stage import run
from stages.tables import read_splits, read_vocabulary, write_csv


def main(dataset: str) -> None:
    """Fits thresholds on the calib split for many class lists, and judges them on the test split."""
    params = load_params()
    calib, test = read_splits(dataset)
    vocabulary, _ = read_vocabulary(dataset, calib)
    study = params.studies.vocabulary
    strategies = {name: params.strategies[name] for name in study.strategies}
    rows = vocabulary_study(
        strategies, calib, test, vocabulary, study.sizes, study.absent, study.draws, study.seed, os.cpu_count() or 1
    )
    write_csv(Path("results/vocabulary") / f"{dataset}.csv", rows)


if __name__ == "__main__":
    run(main)
