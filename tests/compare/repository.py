"""A real repository of git and DVC with one tiny stage; nothing in it is a mock."""

import sys
from pathlib import Path

import pytest
from dvc.repo import Repo

from tests.commands import git

CHECKOUT = Path(__file__).parents[2]
MAKE = """
import sys
import numpy as np
from ruamel.yaml import YAML
sys.path.insert(0, {checkout!r})
from groupseg.metrics.confusion import Counts
from groupseg.metrics.counts import save_counts

hits = YAML(typ="safe").load(open("params.yaml"))["hits"]
truth = np.random.default_rng(0).integers(20, 60, (12, 3))
counts = Counts(np.minimum(truth, hits), truth, truth)
keys = [f"image{{row}}" for row in range(12)]
save_counts("data/counts/run/x.safetensors", {{"fixed": counts}}, keys, ["cat", "dog"])
"""
PIPELINE = f"""
stages:
  evaluate:
    cmd: {sys.executable} make.py
    params: [hits]
    outs: [data/counts/run/x.safetensors]
"""


def commit(message: str) -> None:
    git(Path(), "add", "-A")
    git(Path(), "commit", "-qm", message)


def reproduce(hits: int) -> None:
    Path("params.yaml").write_text(f"hits: {hits}\n")
    with Repo() as repo:
        repo.reproduce()


def build(root: Path) -> Path:
    """Commits without counts, with 20 hits, with 30, an experiment with 40; 50 in the workspace; below a monorepo."""
    folder = root / "project"
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_NO_ANALYTICS", "1")
        patch.setenv("GIT_CONFIG_GLOBAL", str(root / "none"))
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "A")
            patch.setenv(f"GIT_{role}_EMAIL", "a@example.org")
        patch.chdir(root)
        git(Path(), "init", "-q")
        patch.chdir(folder)
        Repo.init(subdir=True).close()
        commit("empty")
        git(Path(), "tag", "empty")
        Path("make.py").write_text(MAKE.format(checkout=str(CHECKOUT)))
        Path("dvc.yaml").write_text(PIPELINE)
        reproduce(20)
        commit("twenty")
        reproduce(30)
        commit("thirty")
        with Repo() as repo:
            repo.experiments.run(params=["hits=40"], name="forty")
        reproduce(50)
    return folder
