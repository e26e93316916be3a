"""Sends the results to MLflow: `python -m stages.track`."""

from pathlib import Path

from groupseg.files import write_json
from groupseg.report.results import read_results
from groupseg.tracking import results_digest, track
from stages.params import load_params
from stages.stage import run


def main() -> None:
    """Sends the results to MLflow and notes which they are, also where no server answers: `groupseg track` sends them later."""
    load_params()
    results = read_results(Path())
    track(results)
    write_json(Path("data/tracked.json"), {"results": results_digest(results)})


if __name__ == "__main__":
    run(main)
