"""Thresholds of one data set on another: `python -m stages.transfer`."""

from groupseg.studies.transfer import load_curves, transfer
from stages import paths
from stages.params import load_params
from stages.stage import run
from stages.tables import write_csv


def main() -> None:
    """Judges every data set that runs with the thresholds of all of them."""
    params = load_params()
    curves = {dataset: load_curves(paths.curves(params, dataset)) for dataset in params.run.datasets}
    write_csv(paths.results(params) / "transfer.csv", transfer(curves))


if __name__ == "__main__":
    run(main)
