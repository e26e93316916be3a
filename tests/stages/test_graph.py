"""dvc.yaml against the code: a stage depends on what it reads, nothing leaks, and the lock is small and whole."""

import re
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from groupseg.code import Code
from stages.sources import KINDS, PARAMETERS, RECIPES

ROOT = Path(__file__).parents[2]
STAGES: dict[str, dict[str, Any]] = {
    name: stage.get("do", stage)
    for name, stage in YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"].items()
}
# Not in the graph: what trains the models beside the one that runs and what chooses for it, and helpers of the stages.
BESIDE = {"refine", "two_stage", "unseen", "variant"}
OTHERS = BESIDE | {
    "__init__",
    "archives",
    "beside",
    "check_params",
    "params",
    "paths",
    "predictions",
    "rows",
    "schema",
    "faults",
    "stage",
    "tables",
}


def data(stage: str) -> list[str]:
    """What a stage reads besides the digest of its code."""
    return [dep for dep in STAGES[stage]["deps"] if not dep.startswith("data/sources")]


def test_every_stage_has_a_script_and_every_script_a_stage() -> None:
    assert set(STAGES) == {file.stem for file in (ROOT / "stages").glob("*.py")} - OTHERS
    for name, stage in STAGES.items():
        assert stage["cmd"].split()[:3] == ["python", "-m", f"stages.{name}"]


def test_every_package_has_an_init_file() -> None:
    folders = {file.parent for file in (ROOT / "groupseg").rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


@pytest.mark.parametrize("name", [name for name in STAGES if name != "sources"])
def test_a_stage_depends_on_its_note_and_on_no_folder_of_code(name: str) -> None:
    assert f"data/sources/{f'{name}/${{item}}' if name in KINDS else name}.json" in STAGES[name]["deps"]
    assert not [dep for dep in STAGES[name]["deps"] if dep.startswith(("groupseg", "stages", "params", "${run.folder"))]


def test_stages_import_no_stage() -> None:
    code = Code(ROOT)
    for name in (*STAGES, *BESIDE):
        imported = code.imports.find_modules_directly_imported_by(f"stages.{name}")
        assert {module for module in imported if module.startswith("stages.")} <= {
            f"stages.{name}" for name in OTHERS - BESIDE
        }


def test_every_stage_has_parameters_in_its_note_and_none_in_the_graph() -> None:
    assert set(PARAMETERS) == {*STAGES, *BESIDE} - {"sources"}
    assert not [name for name, stage in STAGES.items() if "params" in stage]


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_note_of_a_stage_holds_the_sections_it_reads(name: str) -> None:
    source = (ROOT / "stages" / f"{name}.py").read_text()
    read = set(re.findall(r"\bparams\.(?!yaml|run\b)(\w+)", source)) | set(
        re.findall(r"load_params\(\)\.(\w+)", source)
    )
    # Strategies come with the records of `calibrate`; a model is its file of weights.
    free = {"strategies"} if name in ("evaluate", "studies") else set()
    # Whether pixels are scored stands in the weights; the words that they are scored by are noted where they are.
    free |= {"segments", "datasets"} if name == "segment" else set()
    noted = {parameter.split(".")[0] for parameter in PARAMETERS[name]}
    read = {"refine" if section == "refinement" else section for section in read}
    # These are no stages: what they keep goes by keys.
    assert name in BESIDE or read - free <= noted


def test_calibration_sees_no_test_image() -> None:
    assert data("calibrate") == ["data/segments/${item}/calib/table.safetensors", "data/text/${item}.safetensors"]


def test_refinement_segments_again_and_trains_nothing() -> None:
    assert [name for name, sections in PARAMETERS.items() if "refine" in sections] == ["segment"]
    code = Code(ROOT)
    for recipe, modules in RECIPES.items():
        others = [module for name, made in RECIPES.items() if name != recipe for module in made]
        found = code.closure(["stages.train", *modules], without=others)
        assert not [module for module in found if module.startswith("groupseg.refine")]


def test_training_sees_no_label() -> None:
    assert data("train") == ["data/captions", "data/text/captions.safetensors"]
    assert data("embed_captions") == ["data/captions"]
    assert data("captions") == []


def test_results_are_in_git_and_heavy_outputs_in_the_cache() -> None:
    # A stage whose outputs are not all in the cache is never restored from it: no heavy one has others.
    for name, stage in STAGES.items():
        for out in stage["outs"]:
            path = out if isinstance(out, str) else next(iter(out))
            cached = isinstance(out, str) or out[path].get("cache", True)
            assert cached == (not path.startswith("results/")), path
        if name in ("prepare", "captions", "embed_captions", "train", "embed_text", "segment"):
            assert all(isinstance(out, str) for out in stage["outs"])


def test_results_lie_below_the_name_of_the_run() -> None:
    for stage in STAGES.values():
        for entry in (*stage["outs"], *stage["deps"]):
            path = entry if isinstance(entry, str) else next(iter(entry))
            assert not path.startswith("results") or path.startswith("results/${run.name}/"), path


def test_the_lock_has_an_entry_for_every_stage_and_no_other() -> None:
    with Repo(str(ROOT)) as repo:
        stages = {stage.addressing for stage in repo.index.stages}
    text = (ROOT / "dvc.lock").read_text()
    assert set(YAML(typ="safe", pure=True).load(text)["stages"]) == stages
    assert len(stages) <= 30
    assert len(text.splitlines()) <= 2000


def test_bytecode_and_unfinished_files_are_no_part_of_a_dependency() -> None:
    ignored = (ROOT / ".dvcignore").read_text().split()
    pages = {"/results/*/report.html", "/results/*/explorer.html"}
    assert {"__pycache__/", "*.pyc", "/data/**/.*", *pages} <= set(ignored)
