"""Notes what everything is made from, by digest: `python -m stages.sources`.

Archives are fetched here, once. Of files of the user's own and of code the digest is noted. All that runs depends on
these notes and not on folders, so that a new photograph or a changed line runs what reads it and nothing else.
"""

import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from groupseg.code import Code
from groupseg.drawings import told
from groupseg.files import sha256, write_json
from groupseg.parallel import workers
from groupseg.sources.fetch import fetch
from groupseg.sources.tree import Folder
from groupseg.strategies.registry import STRATEGIES
from groupseg.yaml_file import read_yaml
from stages import paths
from stages.archives import Kind, needed_archives, own_path, record, recorded
from stages.params import load_params
from stages.schema import Params, model_recipe
from stages.stage import run

# Stages of which the code alone is noted.
STAGES = (
    "embed_text",
    "embed_captions",
    "segment",
    "calibrate",
    "evaluate",
    "studies",
    "transfer",
    "report",
    "track",
    "variant",
)
PREPARING: dict[Kind, str] = {"datasets": "prepare", "corpora": "captions"}
# What makes each kind of model; none of them is part of another.
RECIPES = {
    "scenes": ("groupseg.training.run",),
    "groupvit": ("groupseg.groupvit.training.run",),
    "published": ("groupseg.convert", "stages.archives"),
}
# Records that a stage keeps for each rule, and what makes them.
RECORDS = {
    "calibrate": {"calibration": "groupseg.strategies.record"},
    "variant": {"figures": "groupseg.studies.variant"},
    "studies": {"learning": "groupseg.studies.learning", "vocabulary": "groupseg.studies.vocabulary"},
}


def main() -> None:
    """Fetches the archives that are not on record yet, and notes digests of archives, own files and code."""
    params, code = load_params(), Code()
    if warning := told(read_yaml(Path("params.yaml"))):
        print(f"warning: {warning}", file=sys.stderr)
    notes = {**dict(of_sources(params, code)), **{paths.code(stage): of_stage(stage, code) for stage in STAGES}}
    for path, note in notes.items():
        write_json(path, note)
    for path in set(paths.SOURCES.rglob("*.json")) - notes.keys():
        path.unlink()


def of_sources(params: Params, code: Code) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yields what each data set, corpus and model is made from."""
    running: dict[Kind, list[str]] = {
        "datasets": params.run.datasets,
        "corpora": params.run.corpora,
        "models": [params.run.model, *params.run.variants],
    }
    for kind, names in running.items():
        for name in names:
            digest = code.digest([f"stages.{PREPARING[kind]}"]) if kind in PREPARING else training(params, name, code)
            yield paths.source(kind, name), {"name": name, "code": digest, **of_files(params, kind, name)}


def of_files(params: Params, kind: Kind, name: str) -> dict[str, Any]:
    """Notes the files that something is made from: its archives, fetched unless they are on record, or the user's."""
    if own := own_path(params, kind, name):
        return {"files": files_digest(own)}
    archives = needed_archives(params, kind, name)
    # What is on record is not fetched for another mirror or another data set: who has pulled what was prepared from it
    # needs it no more. The stage that does need it fetches it.
    known = recorded(paths.source(kind, name), archives)
    if known is None:
        return {"archives": [record(archive, fetch(archive).digest) for archive in archives]}
    return {"archives": [record(archive, archive.digest or "") for archive in known]}


def training(params: Params, model: str, code: Code) -> str:
    """Returns the digest of the code that makes a model."""
    recipe = model_recipe(params.models[model])
    others = [module for name, modules in RECIPES.items() if name != recipe for module in modules]
    return code.digest(["stages.train"], without=others)


def of_stage(stage: str, code: Code) -> dict[str, Any]:
    """Notes the code of a stage, and of each record that it keeps."""
    note: dict[str, Any] = {"stage": stage, "code": code.digest([f"stages.{stage}"])}
    return note | {name: of_rules(code, module) for name, module in RECORDS.get(stage, {}).items()}


def of_rules(code: Code, module: str) -> dict[str, str]:
    """Notes for each rule the code of what is done with it, and its own."""
    return {rule: code.digest([module, strategy.__module__]) for rule, strategy in STRATEGIES.items()}


def files_digest(path: Path) -> str | None:
    """Returns the digest of a file, or of the names and contents of all files in a folder; None where nothing is there.

    Hidden files are passed over, as the readers do.
    """
    if path.is_file():
        return sha256(path)
    if not path.is_dir():
        return None
    found = sorted(Folder(path).names())
    with ThreadPoolExecutor(workers()) as pool:
        lines = [
            f"{digest}  {name}"
            for name, digest in zip(found, pool.map(lambda name: sha256(path / name), found), strict=True)
        ]
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


if __name__ == "__main__":
    run(main)
