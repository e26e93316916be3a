"""What was run: commit, versions of packages, time and memory of the stages."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
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
        of: How many stages of that name there are.
        runs: How many of them have run here.
        seconds: Wall time of those.
        peak_mib: Highest memory of one of them, in MiB.
    """

    stage: str
    of: int
    runs: int
    seconds: float
    peak_mib: float


def read_commit(root: Path) -> Commit:
    """Asks git about the commit and what differs from it."""
    sha = git(root, "rev-parse", "--verify", "HEAD").strip()
    status = git(root, "status", "--porcelain", "--", ".", *_WRITTEN)
    return Commit(sha, tuple(line[3:] for line in status.splitlines()))


def read_versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    return {
        "groupseg": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def read_timings(folder: Path, stages: Mapping[str, Sequence[str]]) -> list[Timing]:
    """Reads what stages took, those of one name taken together; also says which have not run here.

    Args:
        folder: Holds <stage>.json, {"seconds", "peak_mib"}; may be missing.
        stages: Full names, such as "prepare@voc", of the stages of each name, in their order.
    """
    timings = []
    for name, instances in stages.items():
        runs = [read_json(path) for one in instances if (path := folder / f"{one}.json").exists()]
        seconds = sum(run["seconds"] for run in runs)
        peak = max((run["peak_mib"] for run in runs), default=0.0)
        timings.append(Timing(name, len(instances), len(runs), seconds, peak))
    return timings


def git(root: Path, *arguments: str) -> str:
    """Output of git; empty where it fails or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""
