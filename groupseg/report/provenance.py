"""What was run: commit, versions of packages, time and memory of the stages."""

import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from groupseg import __version__
from groupseg.files import read_json

PACKAGES = ("torch", "open_clip_torch", "numpy", "scipy", "pandas", "dvc", "mlflow")

# What a run itself rewrites says nothing about the code that ran.
_WRITTEN = (":!results", ":!dvc.lock", ":!README.md")


@dataclass(frozen=True)
class Commit:
    """The state of the repository.

    Attributes:
        sha: The commit that is checked out; empty outside a repository, or before its first commit.
        changed: Files that differ from it, but for those that a run writes.
    """

    sha: str
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Timing:
    """What a stage took when it last ran.

    Attributes:
        stage: Its name, without what stands behind `@`.
        runs: How many stages of that name ran.
        seconds: Wall time of all of them.
        peak_mib: Highest memory of one of them, in MiB.
    """

    stage: str
    runs: int
    seconds: float
    peak_mib: float


def read_commit(root: Path) -> Commit:
    """Asks git about the commit and what differs from it."""
    sha = _git(root, "rev-parse", "--verify", "HEAD").strip()
    status = _git(root, "status", "--porcelain", "--", ".", *_WRITTEN)
    return Commit(sha, tuple(line[3:] for line in status.splitlines()))


def read_versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    return {
        "groupseg": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def read_timings(folder: Path, order: Sequence[str]) -> list[Timing]:
    """Reads the records of the stages, those of one name taken together.

    Args:
        folder: Holds <stage>.json, {"seconds", "peak_mib"}; may be missing.
        order: The names of the stages in their order; others are left out.
    """
    records: dict[str, list[dict[str, float]]] = {}
    for path in sorted(folder.glob("*.json")):
        records.setdefault(path.stem.partition("@")[0], []).append(read_json(path))
    return [
        Timing(name, len(runs), sum(run["seconds"] for run in runs), max(run["peak_mib"] for run in runs))
        for name in order
        if (runs := records.get(name))
    ]


def _git(root: Path, *arguments: str) -> str:
    """Output of git; empty where it fails or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""
