"""Draws the figures and writes explorer and report of the run: `python -m stages.report`."""

from pathlib import Path

from groupseg.explore.page import write_explorer
from groupseg.io.files import write_json
from groupseg.report.figures import write_figures
from groupseg.report.page import write_page
from groupseg.report.records import results_digest
from groupseg.report.results import read_results
from groupseg.report.summary import write_summary
from stages import paths
from stages.params import load_params
from stages.stage import ROOT, run


def main() -> None:
    """Draws the figures, writes explorer and report of what runs, and notes which results it shows."""
    params = load_params()
    results = read_results(Path())
    write_figures(results, params.report.pictures)
    write_explorer(results)
    write_page(results, ROOT / ".work" / "timings")
    write_summary(results)
    write_json(paths.done("report", params), {"report": results_digest(results)})


if __name__ == "__main__":
    run(main)
