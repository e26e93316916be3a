"""The command line."""

import os
import sys
from collections.abc import Sequence
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

_ROOT = Path()


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
        bool, typer.Option("--check", help="Write nothing; exit with status 1 if the table is out of date.")
    ] = False,
) -> None:
    """Brings the table of results in README.md up to date."""
    from groupseg.report.readme import markdown, update_readme
    from groupseg.report.results import read_results

    changed = update_readme(_ROOT / "README.md", markdown(read_results(_ROOT)), write=not check)
    if changed and check:
        raise UserError("The table in README.md is not that of results/. Run `groupseg readme` and commit.")
    print("README.md: table brought up to date." if changed else "README.md: table is up to date.")


@commands.command()
def summary() -> None:
    """Prints the table of results and where the report lies."""
    from groupseg.report.readme import plain
    from groupseg.report.results import read_results

    print(plain(read_results(_ROOT)))
    page = _ROOT / "results/report.html"
    print(f"\nReport: {page.resolve()}" if page.exists() else "\nReport: not written yet; run `groupseg report`.")


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
