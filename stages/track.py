"""Sends the results to MLflow: `python -m stages.track`."""

import sys
from pathlib import Path

from groupseg.errors import UserError
from groupseg.io.files import write_json
from groupseg.report.records import results_digest
from groupseg.report.results import read_results
from groupseg.tracking.runs import track
from stages import paths
from stages.params import load_params
from stages.stage import run


def main() -> None:
    """Sends the results to MLflow and notes which they are, whether or not a server took them."""
    params = load_params()
    results = read_results(Path())
    try:
        track(results)
    except UserError as error:
        # The results are in order, and no later stage needs MLflow.
        print(f"warning: {error}", file=sys.stderr)
    write_json(paths.done("track", params), {"track": results_digest(results)})


if __name__ == "__main__":
    run(main)
