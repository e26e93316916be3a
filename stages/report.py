"""Draws the figures and writes results/report.html: `python -m stages.report`."""

from pathlib import Path

from groupseg.report.figures import write_figures
from groupseg.report.page import write_page
from groupseg.report.results import read_results
from stages.params import load_params
from stages.stage import ROOT, run


def main() -> None:
    """Draws the figures and writes the report of the data sets and strategies that run."""
    params = load_params()
    results = read_results(Path())
    write_figures(results, params.report.pictures)
    write_page(results, ROOT / ".work" / "timings")


if __name__ == "__main__":
    run(main)
