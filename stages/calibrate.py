"""Fits a strategy on the calibration images of a data set: `python -m stages.calibrate scenes20 global`."""

import sys

from groupseg.files import write_json
from stages.params import load_params
from stages.stage import run
from stages.tables import calibratable, calibration_path, origin, read_table, read_vocabulary


def main(dataset: str, strategy: str) -> None:
    """Fits a strategy on the calib split and records what came out."""
    params = load_params()
    table = read_table(dataset, "calib")
    vocabulary, _ = read_vocabulary(dataset, table)
    record = calibratable(params.strategies[strategy], table).fit(table, vocabulary).to_json()
    for warning in record["warnings"]:
        print(f"warning: {strategy} on {dataset}: {warning}", file=sys.stderr)
    write_json(calibration_path(dataset, strategy), {**origin(table), **record})


if __name__ == "__main__":
    run(main)
