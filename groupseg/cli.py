"""The command line."""

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from groupseg.errors import UserError

commands = typer.Typer(
    help="Zero-shot segmentation and its background decision. Run in the folder of the project.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

data = typer.Typer(help="Data sets: look at them, bring in your own.", no_args_is_help=True)
commands.add_typer(data, name="data")

_ROOT = Path()


class Layout(StrEnum):
    """How a comparison is written; the keys of `groupseg.compare.output.LAYOUTS`."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


# Each command imports what it needs itself, so that none waits for the libraries of another.
@commands.command()
def track() -> None:
    """Sends to MLflow the results that it does not have yet."""
    from groupseg import tracking
    from groupseg.report.results import read_results

    tracking.track(read_results(_ROOT))


@commands.command()
def report() -> None:
    """Writes results/report.html again from what lies in results/."""
    from groupseg.report.page import write_page
    from groupseg.report.results import read_results

    print(write_page(read_results(_ROOT), Path(os.environ.get("DVC_ROOT", _ROOT)) / ".work/timings"))


@commands.command()
def readme(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with status 1 if a table is out of date.")
    ] = False,
) -> None:
    """Brings the tables of results in README.md and docs/ up to date."""
    from groupseg.report.pages import page_blocks, update_page
    from groupseg.report.results import read_results

    results = read_results(_ROOT)
    pages = [_ROOT / "README.md", *sorted(_ROOT.glob("docs/*.md"))]
    blocks = {page: page_blocks(page, results) for page in pages}
    changed = ", ".join(str(page) for page in blocks if update_page(page, blocks[page], write=not check))
    if changed and check:
        raise UserError(f"The tables in {changed} are not those of results/. Run `groupseg readme` and commit.")
    print(f"{changed}: tables brought up to date." if changed else "All tables are up to date.")


@commands.command()
def summary() -> None:
    """Prints the table of results and where the report lies."""
    from groupseg.report.results import read_results
    from groupseg.report.tables import plain

    print(plain(read_results(_ROOT)))
    page = _ROOT / "results/report.html"
    print(f"\nReport: {page.resolve()}" if page.exists() else "\nReport: not written yet; run `groupseg report`.")


@commands.command()
def compare(
    a: Annotated[str, typer.Argument(help="A git revision, an experiment of `dvc exp`, or `workspace`.")] = "HEAD",
    b: Annotated[str, typer.Argument(help="Likewise; the differences are B - A.")] = "workspace",
    layout: Annotated[Layout, typer.Option("--format", help="How it is written.")] = Layout.TEXT,
    resamples: Annotated[
        int, typer.Option(min=1, help="Resamples of the images behind intervals and p-values.")
    ] = 2000,
) -> None:
    """Compares the mIoU of two revisions, with intervals paired over images."""
    from groupseg.compare.differences import compare_revisions
    from groupseg.compare.output import LAYOUTS
    from groupseg.compare.revisions import read_revisions

    print(LAYOUTS[layout](compare_revisions(*read_revisions(a, b), resamples)))


@data.command("check")
def check_data(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets that are prepared.")],
) -> None:
    """Shows what prepared data sets hold: here, and with pictures on a page for the browser."""
    from groupseg.check.page import write_check
    from groupseg.check.survey import survey
    from groupseg.check.terminal import as_text

    for name in names:
        found = survey(_ROOT, name)
        page = _ROOT / "data/check" / f"{name}.html"
        write_check(found, page)
        print(f"{as_text(found)}\n\nPictures: {page.resolve()}\n")


@data.command("init")
def init_data(
    folder: Annotated[Path, typer.Argument(help="Where images and labels lie: a folder, a zip or a tar.")],
    name: Annotated[str, typer.Option(help="What the data set is called; else after the folder.")] = "",
    annotations: Annotated[str, typer.Option(help="Of several JSONs in the format of COCO, which one.")] = "",
    run: Annotated[bool, typer.Option("--run", help="Also say in params.yaml that this data set runs.")] = False,
) -> None:
    """Looks at images and labels of your own, says what it found, and writes their section of params.yaml."""
    from groupseg.onboard.find import look
    from groupseg.onboard.output import as_text, next_steps
    from groupseg.onboard.section import add_dataset, data_set_name, place

    params = _ROOT / "params.yaml"
    called = data_set_name(folder, name)
    path, top = place(params, folder)
    found = look(folder, annotations or None)
    print(as_text(folder, found))
    changes = {"datasets": [called], **({} if top is None else {"folder": top})} if run else {}
    written = add_dataset(params, called, found.section(path), changes)
    print(f"\n{params}: datasets.{called} {'written' if written else 'is there already'}. Next:")
    print(next_steps(called, top, run))


def app(arguments: Sequence[str] | None = None) -> None:
    """Runs a command; what a user can mend is said in one line, with exit status 1.

    Args:
        arguments: The command and its options; those of the process where not given.
    """
    try:
        commands(args=arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except FileNotFoundError as error:
        print(f"error: {error.filename} is missing. Run `dvc repro`, or `dvc pull`.", file=sys.stderr)
        raise SystemExit(1) from None
