"""The command line."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from groupseg.commands.datasets import check_data, init_data
from groupseg.commands.networks import convert, export, predict
from groupseg.commands.results import compare, explore, readme, report, summary, track, why
from groupseg.errors import UserError, printable
from groupseg.extras import extra
from groupseg.terminal import read_names_as_utf8, show_any_name

commands = typer.Typer(
    help="Zero-shot segmentation and its background decision. Run in the folder of the project.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (track, why, report, explore, readme, summary, compare, predict, export):
    commands.command()(command)

data = typer.Typer(help="Data sets: look at them, bring in your own.", no_args_is_help=True)
data.command("check")(check_data)
data.command("init")(init_data)
commands.add_typer(data, name="data")

weights_app = typer.Typer(help="Files of weights.", no_args_is_help=True)
weights_app.command()(convert)
commands.add_typer(weights_app, name="weights")

# What brings the libraries of a command; the others are for the folder of a project, and need all of them.
_EXTRAS = {"predict": "clip", "weights": "clip", "export": "export", "explore": "report", "track": "track"}


def app(arguments: Sequence[str] | None = None) -> None:
    """Runs a command; what a user can mend is said in one line, with exit status 1.

    Args:
        arguments: The command and its options; those of the process where not given.
    """
    if arguments is None:
        read_names_as_utf8()
    show_any_name()
    try:
        with extra(_EXTRAS.get(_command(arguments), "pipeline")):
            commands(args=arguments)
    except UserError as error:
        from groupseg.restored import damaged_copies

        _fail("\n".join([str(error), *damaged_copies(str(error))]))
    except FileNotFoundError as error:
        _fail(f"{error.filename} is missing. Run `dvc repro`, or `dvc pull`.")
    except MemoryError:
        _fail("memory ran out. Close other programs, or give fewer or smaller images.")
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}. Mend it or its rights.")


def _command(arguments: Sequence[str] | None) -> str:
    """Returns the name of the command; empty if there is none."""
    given = sys.argv[1:] if arguments is None else arguments
    return given[0] if given else ""


def _fail(message: str) -> NoReturn:
    for line in printable(message).splitlines():
        print(f"error: {line}", file=sys.stderr)
    raise SystemExit(1) from None
