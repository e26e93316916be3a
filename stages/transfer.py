"""Rules that were fitted on other data sets: `python -m stages.transfer scenes20`. Rows whose key is right are kept."""

import pandas as pd

from groupseg.files import read_json
from groupseg.records import digest, files_digest
from groupseg.strategies.base import Strategy
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.registry import load
from groupseg.studies.transfer import portable, transfer
from stages import paths
from stages.params import load_params
from stages.rows import update_rows
from stages.schema import Params
from stages.stage import run
from stages.tables import calibration_path, read_splits, read_vocabulary, running


def main(dataset: str) -> None:
    """Judges a data set with what strategies have found on each data set that runs."""
    params = load_params()

    def rows(names: list[str]) -> pd.DataFrame:
        _, test = read_splits(dataset)
        fitted = {source: calibrated(params, source, names) for source in params.run.datasets}
        return transfer(dataset, fitted, test, read_vocabulary(dataset, test)[0])

    update_rows(
        paths.results(params) / "transfer" / f"{dataset}.csv", f"transfer {dataset}", keys(params, dataset), rows
    )


def keys(params: Params, dataset: str) -> dict[str, str]:
    """Computes the key that the rows of each strategy must have of which anything can be moved."""
    code = read_json(paths.note("transfer"))["transfer"]
    made_from = files_digest(paths.table(dataset, "test"), paths.text(dataset))
    found = {}
    running_here = running(params, dataset, params.run.strategies)
    for name in filter(lambda name: portable(params.strategies[name]), running_here):
        records = [read_json(calibration_path(params, source, name)) for source in params.run.datasets]
        of_each = dict(zip(params.run.datasets, (record["key"] for record in records), strict=True))
        found[name] = digest([made_from, of_each, code[records[0]["rule"]]])
    return found


def calibrated(params: Params, dataset: str, strategies: list[str]) -> dict[str, Strategy]:
    """Reads some strategies as they were fitted; of cross-fitted ones, the copy that has not seen the first fold."""
    found = {name: load(read_json(calibration_path(params, dataset, name))) for name in strategies}
    return {name: one.copies[0] if isinstance(one, CrossFit) else one for name, one in found.items()}


if __name__ == "__main__":
    run(main)
