"""What a look has told, for the terminal."""

import re
import shlex
from pathlib import Path

from groupseg.datasets.notes import NAMED
from groupseg.errors import printable
from groupseg.files import atomic_path
from groupseg.onboard.look import Look


def as_text(path: Path, look: Look) -> str:
    """Says what was found, and what must be mended."""
    lines = [f"{path}: {look.layout}", *(f"- {note}" for note in look.notes)]
    if look.faults:
        lines += ["", "To mend before it can be prepared:", *(f"- {fault}" for fault in look.faults)]
    return printable("\n".join(lines))


def write_named(path: Path, look: Look) -> bool:
    """Writes all files and annotations that the lines of a look speak of; whether there are more than they name."""
    if all(len(names) <= NAMED and line not in look.faults for line, names in look.named.items()):
        return False
    with atomic_path(path) as temporary:
        parts = ("\n".join([line, *(f"  {name}" for name in names)]) for line, names in look.named.items())
        temporary.write_text(printable("\n\n".join(parts)) + "\n", encoding="utf-8")
    return True


def next_steps(name: str, folder: str | None, runs: bool) -> str:
    """Says how to go on.

    Args:
        name: The data set.
        folder: What `run.folder` must be; None where it is so already.
        runs: Whether params.yaml says that the data set runs.
    """
    # Under a name of its own, so that no other results are written over.
    settings = {"run.name": name, "run.datasets": f"[{name}]", **({} if folder is None else {"run.folder": folder})}
    command = " ".join(["dvc exp run", *(_setting(key, value) for key, value in settings.items())])
    return "\n".join(f"  {line}" for line in ["dvc repro" if runs else command, f"groupseg data check {name}"])


def _setting(key: str, value: str) -> str:
    """Writes a parameter for `dvc exp run`, in the grammar of Hydra, for a shell."""
    plain = re.fullmatch(r"[\w./-]+|\[[\w-]+\]", value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    setting = f"{key}={value}" if plain else f"{key}='{escaped}'"
    return f"-S {shlex.quote(setting)}"
