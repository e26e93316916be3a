"""Commands about the results of a project, whose folder is the current one."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from groupseg.errors import UserError

_ROOT = Path()


class OutputFormat(StrEnum):
    """How a comparison is written; the keys of `groupseg.compare.output.FORMATS`."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def track() -> None:
    """Sends to MLflow the results that it does not have yet."""
    from groupseg.report.results import read_results
    from groupseg.tracking import runs as tracking

    tracking.track_results(read_results(_ROOT))


def why(
    dataset: Annotated[str, typer.Argument(help="A data set, such as scenes59.")],
    strategy: Annotated[str, typer.Argument(help="A strategy, such as fixed.")],
) -> None:
    """Says whether a calibration is up to date, and what has changed since it was made."""
    from groupseg.why import explain_record

    print(explain_record(_ROOT, dataset, strategy))


def report() -> None:
    """Writes the report again from the results that are there, and the explorer where it is missing or out of date."""
    from groupseg.explore.page import keep_explorer
    from groupseg.report.page import write_page
    from groupseg.report.results import read_results

    results = read_results(_ROOT)
    try:
        print(keep_explorer(results))
    except UserError as error:  # Results come with git, what the explorer shows with `dvc pull`.
        print(f"warning: the explorer is not written. {error}", file=sys.stderr)
    print(write_page(results, Path(os.environ.get("DVC_ROOT", _ROOT)) / ".work/timings"))


def explore(
    dataset: Annotated[list[str] | None, typer.Option(help="A data set to show; may be given again. [all]")] = None,
    images: Annotated[int, typer.Option(min=1, max=100_000, help="Test images of each data set.")] = 24,
    out: Annotated[Path | None, typer.Option(help="The page, .html. [explorer.html beside the results]")] = None,
) -> None:
    """Writes the explorer, a page on which one moves thresholds and sees what becomes of pictures and figures."""
    from groupseg.explore.page import write_explorer
    from groupseg.report.results import read_results

    print(write_explorer(read_results(_ROOT), images, dataset, out))


def readme(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with status 1 if a table is out of date.")
    ] = False,
    published: Annotated[str, typer.Option("--run", help="Name of the run that the pages show.")] = "scenes",
) -> None:
    """Brings the tables of results in README.md and docs/ up to date."""
    from groupseg.report.pages import page_blocks, update_page
    from groupseg.report.results import read_results

    results = read_results(_ROOT)
    if results.name != published:
        raise UserError(
            f"The pages show the run {published!r}, but params.yaml says run.name={results.name}. Set it back, or say"
            f" `groupseg readme --run {results.name}` to publish this one instead."
        )
    pages = [_ROOT / "README.md", *sorted(_ROOT.glob("docs/*.md"))]
    blocks = {page: page_blocks(page, results) for page in pages}
    changed = ", ".join(str(page) for page in blocks if update_page(page, blocks[page], write=not check))
    if changed and check:
        raise UserError(f"The tables in {changed} are not those of results/. Run `groupseg readme` and commit.")
    print(f"{changed}: tables brought up to date." if changed else "All tables are up to date.")


def summary() -> None:
    """Prints the table of results and where the report lies."""
    from groupseg.report.results import read_results
    from groupseg.report.tables import plain

    results = read_results(_ROOT)
    print(plain(results))
    page = results.folder / "report.html"
    print(f"\nReport: {page.resolve()}" if page.exists() else "\nReport: not written yet; run `groupseg report`.")


def compare(
    a: Annotated[str, typer.Argument(help="A git revision, an experiment of `dvc exp`, or `workspace`.")] = "HEAD",
    b: Annotated[str, typer.Argument(help="Likewise; the differences are B - A.")] = "workspace",
    layout: Annotated[OutputFormat, typer.Option("--format", help="How it is written.")] = OutputFormat.TEXT,
    resamples: Annotated[
        int,
        typer.Option(min=1, max=1_000_000, help="Resamples of the images; no p-value is below 1 / (resamples + 1)."),
    ] = 2000,
) -> None:
    """Compares the mIoU of two revisions: which strategies changed, and which by more than chance, image by image.

    What did not change is counted, and named by `--format json`.
    """
    from groupseg.compare.differences import compare_revisions
    from groupseg.compare.output import FORMATS
    from groupseg.compare.revisions import read_revisions

    print(FORMATS[layout](compare_revisions(*read_revisions(a, b), resamples)))
