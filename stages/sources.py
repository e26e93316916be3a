"""Notes what each stage is made from: `python -m stages.sources`.

Archives are fetched here, once. Of files of the user's own, of what is made beside the stages and of code the digest is
noted, and of params.yaml the part that a stage reads. All that runs depends on these notes and not on folders or
params.yaml, so that a new photograph, a changed line or a changed parameter runs what reads it and nothing else.
"""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from groupseg.code import Code
from groupseg.drawings import told
from groupseg.io.files import sha256, write_json
from groupseg.networks.registry import NETWORKS, kind_of, segments_of
from groupseg.networks.scenes.kind import Small
from groupseg.parallel import workers
from groupseg.sources.fetch import fetch
from groupseg.sources.tree import Folder
from groupseg.strategies.registry import STRATEGIES
from stages import paths
from stages.archives import SourceKind, needed_archives, own_path, record, recorded_archives
from stages.params import load_params
from stages.schema import Params, model_recipe
from stages.stage import run

# What each stage reads of params.yaml.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "prepare": ("datasets.{item}.source",),
    "captions": ("corpora.{item}",),
    "embed_captions": ("run.corpora", "text"),
    "train": ("run.corpora", "models.{item}"),
    "embed_text": ("run.model", "datasets.{item}.prompts", "text"),
    "segment": ("run.model", "refine", "segment"),
    "calibrate": ("run.strategies", "strategies"),
    "evaluate": ("run.strategies", "datasets.{item}.baseline", "evaluate"),
    "studies": ("run.datasets", "run.strategies", "strategies", "studies"),
    "report": ("run", "evaluate.best", "report"),
    "track": ("run",),
    "variant": (),
    "unseen": (),
    "refine": (),
    "two_stage": (),
}
# Stages that run for each of a kind.
KINDS: dict[str, SourceKind] = {stage: kind for kind, stage in paths.MAKERS.items()}
KINDS |= {"embed_text": "datasets", "evaluate": "datasets"}
# What makes each kind of model; none of them is part of another.
RECIPES = {
    "scenes": ("groupseg.networks.scenes.training.run",),
    "groupvit": ("groupseg.networks.groupvit.training.run",),
    "published": ("groupseg.networks.convert", "stages.archives"),
}
# Records that a stage keeps for each rule, and what makes them.
RECORDS = {
    "calibrate": {"calibration": "groupseg.strategies.record"},
    "variant": {"figures": "groupseg.studies.variant"},
    "unseen": {"figures": "groupseg.studies.unseen"},
    "two_stage": {"figures": "groupseg.networks.scenes.ablation"},
    "evaluate": {"curves": "groupseg.studies.curves"},
    "studies": {name: f"groupseg.studies.{name}" for name in ("learning", "vocabulary", "transfer")},
}


def main() -> None:
    """Fetches the archives that are not on record yet, and notes parameters, own files and code of every stage."""
    params, code = load_params(), Code()
    data = params.plain()
    if warning := told(data):
        print(f"warning: {warning}", file=sys.stderr)
    notes = {
        paths.note(stage, item): {**of_stage(params, stage, item, code), "parameters": parameters(data, stage, item)}
        for stage in PARAMETERS
        for item in items(params, stage)
    }
    for path, note in notes.items():
        write_json(path, note)
    for path in set(paths.SOURCES.rglob("*.json")) - notes.keys():
        path.unlink()


def items(params: Params, stage: str) -> Sequence[str | None]:
    """Returns what a stage has notes for: data sets, corpora or models; None alone where there is one for all."""
    running: dict[SourceKind, list[str]] = {
        "datasets": params.run.datasets,
        "corpora": params.run.corpora,
        "models": [params.run.model, *params.run.variants],
    }
    return running[KINDS[stage]] if stage in KINDS else [None]


def parameters(data: Mapping[str, Any], stage: str, item: str | None) -> dict[str, Any]:
    """Returns what a stage reads of params.yaml, by name."""
    found = {}
    for name in PARAMETERS[stage]:
        keys = [key.format(item=item) for key in name.split(".")]
        found[".".join(keys)] = reduce(getitem, keys, data)
    return {**found, **_of_model(data)} if stage == "segment" else found


def _of_model(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what segments of the model that runs are made with: its refinement, and the words that score pixels."""
    run, refine = data["run"], data["refine"]
    found: dict[str, Any] = {"refine": {name: given for name, given in refine.items() if name == run["model"]}}
    if segments_of(data["models"][run["model"]]) == "scores":
        found |= {f"datasets.{name}.prompts": data["datasets"][name]["prompts"] for name in run["datasets"]}
    return found


def of_stage(params: Params, stage: str, item: str | None, code: Code) -> dict[str, Any]:
    """Notes the code of a stage and of each record that it keeps, and the files that it is made from."""
    if stage == "train" and item:
        digest = training(params, item, code)
    elif stage == "segment":
        digest = segmenting(kind_of(vars(params.models[params.run.model])), code)
    else:
        digest = code.digest([f"stages.{stage}"])
    files = of_files(params, KINDS[stage], item) if stage in paths.MAKERS.values() and item else {}
    rules = {name: of_rules(code, module) for name, module in RECORDS.get(stage, {}).items()}
    shown = {path.name: files_digest(path) for path in paths.beside(params) if path.exists()}
    others: dict[str, Any] = {"beside": shown} if stage == "report" else {}
    if stage in ("variant", "unseen"):
        others["segments"] = segmenting(Small.name, code)
    return {"stage": stage, "name": item, "code": digest, **files, **rules, **others}


def of_files(params: Params, kind: SourceKind, name: str) -> dict[str, Any]:
    """Notes the files that something is made from: its archives, fetched unless they are on record, or the user's."""
    if own := own_path(params, kind, name):
        return {"files": files_digest(own)}
    archives = needed_archives(params, kind, name)
    # What is on record is not fetched for another mirror or another data set: who has pulled what was prepared from it
    # needs it no more. The stage that does need it fetches it.
    known = recorded_archives(paths.source(kind, name), archives)
    if known is None:
        return {"archives": [record(archive, fetch(archive).digest) for archive in archives]}
    return {"archives": [record(archive, archive.digest or "") for archive in known]}


def training(params: Params, model: str, code: Code) -> str:
    """Returns the digest of the code that makes a model."""
    recipe = model_recipe(params.models[model])
    others = [module for name, modules in RECIPES.items() if name != recipe for module in modules]
    return code.digest(["stages.train"], without=others)


def segmenting(kind: str | None, code: Code) -> str:
    """Returns the digest of the code that segments images by a kind of network, without that of the other kinds."""
    kinds = {type(one).__module__: name == kind for name, one in NETWORKS.items()}
    own = code.closure([module for module, runs in kinds.items() if runs])
    others = tuple(module.removesuffix("kind") for module, runs in kinds.items() if not runs)
    return code.digest(["stages.segment"], without=code.modules(others) - own - kinds.keys())


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
    folder = Folder(path)
    found = folder.names()
    with ThreadPoolExecutor(workers()) as pool:
        lines = [
            f"{digest}  {name}"
            for name, digest in zip(found, pool.map(lambda name: sha256(folder.where(name)), found), strict=True)
        ]
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


if __name__ == "__main__":
    run(main)
