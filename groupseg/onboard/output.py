"""What a look has told, for the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groupseg.datasets.notes import NAMED
from groupseg.drawings import knows_drawings_alone, sentence, setting
from groupseg.errors import printable
from groupseg.io.files import atomic_path
from groupseg.onboard.look import Look

# One of each kind: the constants of the paper, one threshold, one for each class, one for each image, which classes are
# there, and what the image around a segment says.
_QUICK = ("fixed", "global", "per_class", "relative", "presence", "context")


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


def next_steps(name: str, folder: str | None, runs: bool, params: Mapping[str, Any]) -> str:
    """Says how to go on.

    Args:
        name: The data set.
        folder: What `run.folder` must be; None where it is so already.
        runs: Whether params.yaml says that the data set runs.
        params: What params.yaml holds.
    """
    # Under a name of its own, so that no other results are written over.
    settings = {"run.name": name, "run.datasets": f"[{name}]", **({} if folder is None else {"run.folder": folder})}
    names = _quick(params)
    quick = {"run.strategies": f"[{','.join(names)}]"} if names else {}
    given = quick if runs else {**settings, **quick}
    lines = [
        "  " + " ".join(["dvc exp run", *(setting(key, value) for key, value in given.items())]),
        f"  groupseg data check {name}",
    ]
    if names:
        everything = "`dvc repro`" if runs else "Without `run.strategies` it"
        lines.append(f"That is a quick look, by {len(names)} strategies. {everything} runs all that params.yaml lists.")
    if knows_drawings_alone(params):
        other = {**settings, "run.name": f"{name}_groupvit", **quick}
        lines += ["", f"Mind: {sentence(params['run']['model'], other)}"]
    return "\n".join(lines)


def _quick(params: Mapping[str, Any]) -> list[str]:
    """Returns the strategies of a quick look, as far as params.yaml defines them, and the one that it calls best."""
    evaluate, defined = params.get("evaluate"), params.get("strategies")
    best = evaluate.get("best") if isinstance(evaluate, Mapping) else None
    wanted = [*_QUICK, str(best)]
    return [name for name in dict.fromkeys(wanted) if isinstance(defined, Mapping) and name in defined]
