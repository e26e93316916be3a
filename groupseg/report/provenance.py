"""What was run: commit, versions of packages, stages with their time and memory."""

import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from groupseg import __version__
from groupseg.report.dvc_files import read_graph
from groupseg.report.forms import Timing, read_result
from groupseg.report.page_table import Table

_PACKAGES = ("torch", "open_clip_torch", "numpy", "scipy", "pandas", "dvc", "mlflow")

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
class Stage:
    """A stage of the pipeline, all of one name taken together, and what it took when it last ran.

    Attributes:
        name: Its name, without what stands behind `@`.
        description: What it does.
        reads: What it depends on; a star stands for what it runs once for each of.
        of: How many stages of that name there are.
        runs: How many of them have run here.
        seconds: Wall time of those.
        peak_mib: Highest memory of one of them, in MiB.
    """

    name: str
    description: str
    reads: tuple[str, ...]
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
        **{name: version(name) for name in _PACKAGES},
    }


def read_stages(path: Path, params: Mapping[str, Any], timings: Path) -> list[Stage]:
    """Reads the stages of a dvc.yaml and what they took; also says which have not run here.

    Args:
        path: The dvc.yaml.
        params: What params.yaml holds.
        timings: Holds <stage>.json, {"seconds", "peak_mib"}; may be missing.

    Raises:
        UserError: If dvc.yaml is missing, no YAML, or of another form, or a file of timings is.
    """
    return [_stage(name, stage, params, timings) for name, stage in read_graph(path).items()]


def stages_table(stages: Sequence[Stage]) -> Table:
    """Lists the stages in the order of dvc.yaml, and what they took together."""
    ran = [stage for stage in stages if stage.runs]
    total = [sum(stage.seconds for stage in ran), max((stage.peak_mib for stage in ran), default=0.0)]
    return Table(
        columns=["stage", "what it does", "reads", "ran here", "seconds", "MiB"],
        rows=[
            [
                stage.name,
                stage.description,
                " · ".join(stage.reads),
                f"{stage.runs} of {stage.of}",
                *([f"{stage.seconds:.1f}", f"{stage.peak_mib:.0f}"] if stage.runs else ["kept", ""]),
            ]
            for stage in stages
        ],
        caption="The stages of dvc.yaml, and the wall time and the highest memory when each last ran here. Kept: its "
        "results came with the checkout or from the cache, and are still right.",
        words=3,
        foot=[["all", "", "", "", *(f"{value:.0f}" for value in total)]],
    )


def _stage(name: str, stage: Mapping[str, Any], params: Mapping[str, Any], timings: Path) -> Stage:
    each = stage.get("foreach")
    body = stage["do"] if each else stage
    found = _filled(each, params) if isinstance(each, str) else [_filled(one, params) for one in each or []]
    items = found if isinstance(found, list) else [found]
    files = [timings / f"{one}.json" for one in ([f"{name}@{item}" for item in items] if each else [name])]
    runs = [read_result(file, Timing, "Delete it.") for file in files if file.exists()]
    return Stage(
        name,
        body.get("desc", ""),
        tuple(str(_filled(entry, params)) for entry in body.get("deps", [])),
        len(files),
        len(runs),
        sum(run["seconds"] for run in runs),
        max((run["peak_mib"] for run in runs), default=0.0),
    )


def _filled(template: str, params: Mapping[str, Any]) -> Any:
    """Puts parameters in the place of their names; what is nothing but a name may be any value, such as a list."""

    def value(match: re.Match[str]) -> Any:
        found: Any = params
        for key in match[1].split("."):
            found = found.get(key, {}) if isinstance(found, dict) else {}
        # What a stage runs over is no parameter.
        return found or "*"

    name = re.compile(r"\$\{([^}]*)\}")
    whole = name.fullmatch(template)
    return value(whole) if whole else name.sub(lambda match: str(value(match)), template)


def git(root: Path, *arguments: str) -> str:
    """Output of git; empty where it fails or is not there."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=root, capture_output=True, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""
