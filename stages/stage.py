"""How every stage runs: arguments in, one line on a user's error, time and memory on record, processes."""

import argparse
import errno
import inspect
import logging
import os
import resource
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import NoReturn

from groupseg.errors import NamedFault, UserError, printable
from groupseg.io.files import atomic_path, write_json
from groupseg.restored import damaged_copies
from groupseg.terminal import read_names_as_utf8, show_any_name
from stages import STARTED

# Of the repository, also where `dvc exp run` works in a temporary copy of it.
ROOT = Path(os.environ.get("DVC_ROOT", "."))

# What a user can mend outside the program. Any other OSError is a fault of ours and keeps its traceback.
_MENDABLE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}
    | {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR}
)


def run(main: Callable[..., None], shared: bool = False) -> None:
    """Runs a stage with the arguments of the command line, and exits with status 1 on a user's error.

    Seconds and peak memory of a stage that went well are left in `.work/timings`. They are no output: they
    never come out the same.

    Args:
        main: The stage. Its parameters, strings all, are the arguments; its docstring is the help.
        shared: Whether several processes can share the stage out: then there are as many as GROUPSEG_PROCESSES says.
    """
    read_names_as_utf8()
    script = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(prog=f"python -m stages.{script}", description=main.__doc__)
    for name in inspect.signature(main).parameters:
        parser.add_argument(name)
    arguments = vars(parser.parse_args())
    show_any_name()
    called = f"{script}@{'-'.join(arguments.values())}".rstrip("@")
    try:
        if not (shared and _launched(script, list(arguments.values()))):
            main(**arguments)
        _record(called, time.monotonic() - STARTED)
    except UserError as error:
        _fail(str(error), *_all_named(error, called), *damaged_copies(str(error)))
    except (KeyError, FileNotFoundError) as error:
        named = isinstance(error, FileNotFoundError) or error.args[0] in arguments.values()
        if named and (unknown := _unknown(arguments)):
            _fail(unknown)
        if isinstance(error, KeyError) or error.filename is None:
            raise
        _fail(f"{error.filename} is missing. Run `dvc repro`, which makes it.")
    except MemoryError:
        _fail(f"stage {script} ran out of memory. Close other programs, or lower its numbers in params.yaml.")
    except OSError as error:
        if error.errno not in _MENDABLE:
            raise
        place = error.filename or f"stage {script}"
        _fail(f"{place}: {error.strerror}. Free the space or the permission, or mend the path, and run again.")


def _all_named(error: UserError, called: str) -> Iterator[str]:
    """Writes down all files of a fault that names a few of them, and says where."""
    if isinstance(error, NamedFault) and len(error.names) > 1:
        path = ROOT / ".work" / "faults" / f"{called}.txt"
        with atomic_path(path) as temporary:
            temporary.write_text("\n".join(error.names) + "\n", encoding="utf-8")
        yield f"All {len(error.names):,} by name: {path}"


def _unknown(arguments: Mapping[str, str]) -> str:
    """Says which argument names nothing in params.yaml; empty where each does."""
    from stages.params import load_params

    params = load_params()
    for argument, section in {"dataset": "datasets", "corpus": "corpora", "name": "models"}.items():
        known: list[str] = list(getattr(params, section))
        if argument in arguments and arguments[argument] not in (*known, "all"):
            return f"params.yaml defines no {arguments[argument]!r} under `{section}`. There are {', '.join(known)}."
    return ""


def _launched(script: str, arguments: list[str]) -> bool:
    """Runs the stage in several processes of this machine, as torchrun does; False if this is to be the only one.

    Raises:
        UserError: If GROUPSEG_PROCESSES is no number of processes, or one of them was killed.
    """
    asked = os.environ.get("GROUPSEG_PROCESSES", "1")
    if not asked.isdecimal() or int(asked) == 0:
        raise UserError(f"GROUPSEG_PROCESSES must be a whole number above 0, but is {asked!r}. Set one, or unset it.")
    count = int(asked)
    if count == 1 or "WORLD_SIZE" in os.environ:  # one of several already
        return False
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # A process that fails says why itself.
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    # Else each process would take all cores.
    os.environ.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // count, 1)))
    config = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=count, rdzv_backend="c10d", rdzv_endpoint="localhost:0",
        run_id=str(uuid.uuid4()), max_restarts=0,
    )  # fmt: skip
    try:
        elastic_launch(config, sys.executable)("-m", f"stages.{script}", *arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode > 0:
            raise SystemExit(failure.exitcode) from error
        raise UserError(
            f"process {rank} of {count} of stage {script} was ended by {failure.signal_name()}. Where memory ran out, "
            "lower GROUPSEG_PROCESSES."
        ) from error
    return True


def _record(stage: str, seconds: float) -> None:
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    # Linux counts in KiB, macOS in bytes.
    peak_mib = peak / (1024 if sys.platform == "linux" else 1024**2)
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    record = {"seconds": seconds, "peak_mib": peak_mib, "finished": finished}
    write_json(ROOT / ".work" / "timings" / f"{stage}.json", record)


def _fail(*messages: str) -> NoReturn:
    for line in chain.from_iterable(message.splitlines() for message in messages):
        print(f"error: {printable(line)}", file=sys.stderr)
    raise SystemExit(1)
