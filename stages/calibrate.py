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
    vocabulary, about = read_vocabulary(dataset, table)
    record = calibratable(params.strategies[strategy], table).fit(table, vocabulary).to_json()
    for warning in record["warnings"]:
        print(f"warning: {strategy} on {dataset}: {warning}", file=sys.stderr)
    # What it takes to use the calibration elsewhere, where neither the parameters nor the table are at hand.
    text = {name: about[name] for name in ("words", "templates", "ensemble")}
    usage = {"with_background": table.with_background, "text": text}
    write_json(calibration_path(dataset, strategy), {**origin(table), **usage, **record})


if __name__ == "__main__":
    run(main)
