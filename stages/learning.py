"""How many calibration images the strategies of a data set need: `python -m stages.learning scenes20`."""

import os
from pathlib import Path

from groupseg.studies.learning import learning_curve
from stages.params import load_params
from stages.stage import run
from stages.tables import read_splits, read_vocabulary, write_csv


def main(dataset: str) -> None:
    """Fits all strategies on draws of the calib split, and judges them on the test split."""
    params = load_params()
    calib, test = read_splits(dataset)
    vocabulary, _ = read_vocabulary(dataset, calib)
    strategies = {name: params.strategies[name] for name in params.run.strategies}
    study = params.studies.learning
    rows = learning_curve(
        strategies, calib, test, vocabulary, study.sizes, study.draws, study.seed, os.cpu_count() or 1
    )
    write_csv(Path("results/learning") / f"{dataset}.csv", rows)


if __name__ == "__main__":
    run(main)
