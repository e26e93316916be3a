"""Rules that were fitted on other data sets: `python -m stages.transfer scenes20`."""

from groupseg.files import read_json
from groupseg.strategies.base import Strategy
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.registry import load
from groupseg.studies.transfer import transfer
from stages import paths
from stages.params import load_params
from stages.schema import Params
from stages.stage import run
from stages.tables import calibration_path, read_splits, read_vocabulary, write_csv


def main(dataset: str) -> None:
    """Judges a data set with what strategies have found on each data set that runs."""
    params = load_params()
    _, test = read_splits(dataset)
    fitted = {source: calibrated(params, source) for source in params.run.datasets}
    rows = transfer(dataset, fitted, test, read_vocabulary(dataset, test)[0])
    write_csv(paths.results(params) / "transfer" / f"{dataset}.csv", rows)


def calibrated(params: Params, dataset: str) -> dict[str, Strategy]:
    """Reads the strategies as they were fitted; of cross-fitted ones, the copy that has not seen the first fold."""
    found = {name: load(read_json(calibration_path(params, dataset, name))) for name in params.run.strategies}
    return {name: one.copies[0] if isinstance(one, CrossFit) else one for name, one in found.items()}


if __name__ == "__main__":
    run(main)
