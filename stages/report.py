"""Draws the figures and writes results/report.html: `python -m stages.report`."""

from pathlib import Path

from groupseg.files import write_json
from groupseg.report.figures import write_figures
from groupseg.report.page import write_page
from groupseg.report.records import results_digest
from groupseg.report.results import read_results
from stages.params import load_params
from stages.stage import ROOT, run


def main() -> None:
    """Draws the figures, writes the report of what runs, and notes which results it shows."""
    params = load_params()
    results = read_results(Path())
    write_figures(results, params.report.pictures)
    write_page(results, ROOT / ".work" / "timings")
    write_json(Path("data/reported.json"), {"results": results_digest(results)})


if __name__ == "__main__":
    run(main)
