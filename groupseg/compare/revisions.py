"""Counts of each image as they were in a revision, read through DVC: workspace, cache, then the remote if there is one.

Nothing is checked out, and what is not in the cache is read from the remote without a copy being kept.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.repo import Repo
from dvc.scm import NoSCM, RevError, SCMError

from groupseg.errors import UserError
from groupseg.metrics.confusion import Counts
from groupseg.metrics.counts import load_counts

WORKSPACE = "workspace"
FOLDER = "data/counts"


@dataclass(frozen=True)
class CountsOrigin:
    """Where counts were read.

    Attributes:
        revision: Branch, tag, commit or experiment as it was asked for, or `WORKSPACE`.
        commit: The full hash of its commit; None for the workspace.
    """

    revision: str
    commit: str | None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.revision if self.commit is None else f"{self.revision} ({self.commit[:7]})"


@dataclass(frozen=True, eq=False)
class DatasetCounts:
    """Counts of one data set.

    Attributes:
        counts: By strategy, of shape [N, C + 1], one row per image.
        keys: Names of the N images.
        classes: Names of the C classes, without background.
    """

    counts: dict[str, Counts]
    keys: tuple[str, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Revision:
    """What one side of a comparison holds.

    Attributes:
        place: Where it was read.
        names: All data sets it has, sorted.
        datasets: The counts of those that the other side has too.
    """

    place: CountsOrigin
    names: tuple[str, ...]
    datasets: dict[str, DatasetCounts]


def read_revisions(a: str, b: str) -> tuple[Revision, Revision]:
    """Reads the counts of all data sets that two revisions share.

    Args:
        a: A git revision, the name of an experiment of `dvc exp`, or `WORKSPACE`.
        b: Likewise.

    Raises:
        UserError: If this is no git and DVC repository, a revision is unknown or has no counts, or a file of theirs
            is nowhere to be had or is damaged.
    """
    with _repository() as repo:
        paths = {revision: _paths(repo, revision) for revision in (a, b)}
        shared = sorted(paths[a].keys() & paths[b].keys())
        first, second = (_read(repo, revision, paths[revision], shared) for revision in (a, b))
    return first, second


@contextmanager
def _repository() -> Iterator[Repo]:
    try:
        with Repo() as repo:
            # An older revision may not know the remote that its files lie in today.
            remotes = {part: repo.config[part] for part in ("core", "remote")}
            found = not isinstance(repo.scm, NoSCM)
    except (NotDvcRepoError, SCMError):
        found = False
    if not found:
        raise UserError(
            f"Expected a folder of a git and DVC repository, but {Path.cwd()} is in none. "
            "Run this in the folder of the project."
        )
    with Repo(config=remotes) as repo:
        yield repo


@contextmanager
def _files(repo: Repo, revision: str) -> Iterator[tuple[CountsOrigin, DVCFileSystem]]:
    """Yields the files of a revision, those of DVC among them."""
    try:
        with ExitStack() as stack:
            commit = _switch(stack, repo, revision)
            yield CountsOrigin(revision, None if revision == WORKSPACE else commit), DVCFileSystem(repo)
    except RevError as error:
        raise UserError(
            f"Expected a git revision, the name of an experiment, or `{WORKSPACE}`, but {revision!r} is none of them. "
            "`git log` and `dvc exp list --all-commits` name those there are."
        ) from error
    except (DvcException, ImportError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"DVC cannot read {revision}: {reason}. Mend it, or compare with another revision.") from error


def _switch(stack: ExitStack, repo: Repo, revision: str) -> str:
    """Goes to a revision until the stack is left, and returns its commit; raises RevError for what names none."""
    # git would read no name as HEAD.
    if not revision or "\0" in revision:
        raise RevError("no name")
    try:
        return str(stack.enter_context(repo.switch(revision)))
    except (AttributeError, ValueError) as error:  # the hash of a file or a folder; a name that is no text or too long
        raise RevError("no commit") from error


def _paths(repo: Repo, revision: str) -> dict[str, str]:
    """Finds the counts of a revision: their paths by data set."""
    with _files(repo, revision) as (place, files):
        try:
            # Only outputs of DVC: a file that an earlier run left in the workspace is no result of this one.
            paths = map(PurePosixPath, files.find(f"/{FOLDER}", dvc_only=True))
            found = {path.stem: str(path).lstrip("/") for path in paths if path.suffix == ".safetensors"}
        except FileNotFoundError:
            found = {}
        if not found:
            raise UserError(
                f"Expected outputs {FOLDER}/<run>/<data set>.safetensors in {place.label}, but its dvc.yaml names "
                "none. Compare with a later revision."
            )
    return found


def _read(repo: Repo, revision: str, paths: dict[str, str], shared: list[str]) -> Revision:
    with _files(repo, revision) as (place, files):
        counts = {name: _counts(files, place, paths[name]) for name in shared}
        return Revision(place, tuple(sorted(paths)), counts)


def _counts(files: DVCFileSystem, place: CountsOrigin, path: str) -> DatasetCounts:
    try:
        content = files.cat_file(f"/{path}")
    except OSError as error:
        first = "Run" if place.commit is None else "Check out that revision and run"
        raise UserError(
            f"{path} of {place.label} is neither in the cache of DVC nor in a remote. "
            f"{first} `dvc pull`, or else `dvc repro`."
        ) from error
    try:
        return DatasetCounts(*load_counts(content))
    except UserError as error:
        raise UserError(f"{path} of {place.label}: {error}") from error
