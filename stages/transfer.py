"""Thresholds of one data set on another: `python -m stages.transfer`."""

from pathlib import Path

from groupseg.studies.transfer import transfer
from stages.params import load_params
from stages.stage import run
from stages.tables import check_held_out, read_table, read_vocabulary, write_csv


def main() -> None:
    """Judges every data set that runs with the thresholds of all of them."""
    params = load_params()
    calib = {dataset: read_table(dataset, "calib") for dataset in params.run.datasets}
    test = {dataset: read_table(dataset, "test") for dataset in params.run.datasets}
    for dataset, table in test.items():
        check_held_out(table, calib[dataset])
    vocabularies = {dataset: read_vocabulary(dataset, table)[0] for dataset, table in calib.items()}
    strategies = {name: params.strategies[name] for name in params.run.strategies}
    write_csv(Path("results/transfer.csv"), transfer(strategies, calib, test, vocabularies))


if __name__ == "__main__":
    run(main)
