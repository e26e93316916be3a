"""Thresholds of one data set on another: `python -m stages.transfer`."""

from pathlib import Path

from groupseg.studies.transfer import transfer
from stages.params import load_params
from stages.stage import run
from stages.tables import read_splits, read_vocabulary, write_csv


def main() -> None:
    """Judges every data set that runs with the thresholds of all of them."""
    params = load_params()
    splits = {dataset: read_splits(dataset) for dataset in params.run.datasets}
    calib = {dataset: first for dataset, (first, _) in splits.items()}
    test = {dataset: second for dataset, (_, second) in splits.items()}
    vocabularies = {dataset: read_vocabulary(dataset, table)[0] for dataset, table in calib.items()}
    strategies = {name: params.strategies[name] for name in params.run.strategies}
    write_csv(Path("results/transfer.csv"), transfer(strategies, calib, test, vocabularies))


if __name__ == "__main__":
    run(main)
