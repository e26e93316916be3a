"""dvc.yaml against the code: what a stage imports and reads is what it depends on, and nothing leaks."""

import ast
import re
from pathlib import Path
from typing import Any

import grimp
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FILE: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")
VARIANTS: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "variants/dvc.yaml")
STAGES: dict[str, dict[str, Any]] = {
    name: stage.get("do", stage) for name, stage in (VARIANTS["stages"] | FILE["stages"]).items()
}

# These cannot change a result; dvc.yaml says why.
FETCHING = {f"groupseg.sources.{name}" for name in ("cache", "digests", "fetch", "transfer")}
FREE = {"stages.params", "stages.schema", "stages.faults", "stages.stage", "groupseg", "groupseg.errors", *FETCHING}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("groupseg", "stages", cache_dir=None)


def path(module: str) -> str:
    """The file of a module, relative to the checkout."""
    file = module.replace(".", "/")
    return f"{file}/__init__.py" if (ROOT / file).is_dir() else f"{file}.py"


def is_bare(module: str) -> bool:
    """Whether a package's own file does nothing but say what it is."""
    body = ast.parse((ROOT / path(module)).read_text()).body
    return path(module).endswith("__init__.py") and all(isinstance(node, ast.Expr | ast.Assign) for node in body)


def closure(graph: grimp.ImportGraph, module: str) -> set[str]:
    """Every module of ours that running `module` loads, lazy imports and parent packages too."""
    found: set[str] = set()
    waiting = {module}
    while waiting:
        current = waiting.pop()
        found.add(current)
        parts = current.split(".")
        parents = {".".join(parts[:end]) for end in range(1, len(parts))}
        waiting |= (graph.find_modules_directly_imported_by(current) | parents) - found - FREE
    return {module for module in found if not is_bare(module) and module != "stages"}


def covers(dependency: str, file: str) -> bool:
    return file == dependency or file.startswith(f"{dependency}/")


def test_every_stage_has_a_script_and_every_script_a_stage() -> None:
    scripts = {file.stem for file in (ROOT / "stages").glob("*.py")}
    assert set(STAGES) == scripts - {"__init__", "archives", "params", "schema", "faults", "stage", "tables"}
    for name, stage in STAGES.items():
        assert stage["cmd"].split()[:3] == ["python", "-m", f"stages.{name}"]


def test_every_package_has_an_init_file() -> None:
    folders = {file.parent for file in (ROOT / "groupseg").rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


@pytest.mark.parametrize("name", [name for name in STAGES if name != "download"])
def test_a_stage_depends_on_what_it_imports_and_no_more(graph: grimp.ImportGraph, name: str) -> None:
    dependencies = [dep for dep in STAGES[name]["deps"] if dep.startswith(("groupseg/", "stages/"))]
    files = {path(module) for module in closure(graph, f"stages.{name}")}
    assert sorted(file for file in files if not any(covers(dep, file) for dep in dependencies)) == []
    assert sorted(dep for dep in dependencies if not any(covers(dep, file) for file in files)) == []


def test_only_another_archive_makes_download_run_again() -> None:
    assert "deps" not in STAGES["download"]
    assert STAGES["download"]["params"] == ["archives", "needs", "run.datasets", "run.corpora", "run.model"]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_declares_the_sections_it_reads(name: str) -> None:
    source = (ROOT / "stages" / f"{name}.py").read_text()
    read = set(re.findall(r"\bparams\.(?!yaml)(\w+)|load_params\(\)\.(\w+)", source))
    # `run` names files, which are dependencies. Another architecture is another file of weights.
    free = {"run", "models"} if name in ("segment", "variant") else {"run"}
    declared = {parameter.split(".")[0] for parameter in STAGES[name].get("params", [])}
    assert {first or second for first, second in read} - free <= declared


def test_calibration_sees_no_test_image() -> None:
    data = [dep for dep in STAGES["calibrate"]["deps"] if dep.startswith(("data/", "results/"))]
    assert data == [
        "data/segments/${item.dataset}/calib/table.safetensors",
        "data/text/${item.dataset}.safetensors",
    ]


def test_training_sees_no_label() -> None:
    data = [dep for dep in STAGES["train"]["deps"] if dep.startswith(("data/", "results/"))]
    # The last two of published weights, or from the stage `weights`.
    assert data[:2] == ["data/captions", "data/text/captions.safetensors"]
    assert data[2:] == ["data/weights/${item}.csv", "data/weights/${item}.safetensors"]
    data = [dep for dep in STAGES["weights"]["deps"] if dep.startswith(("data/", "results/"))]
    assert data == ["data/archives/models/${item}.json", "data/captions"]
    data = [dep for dep in STAGES["embed_captions"]["deps"] if dep.startswith("data/")]
    assert data == ["data/captions"]
    data = [dep for dep in STAGES["captions"]["deps"] if dep.startswith("data/")]
    assert data == ["data/archives/corpora/${item}.json"]


def test_results_are_in_git_and_heavy_outputs_in_the_cache() -> None:
    # A stage whose outputs are not all in the cache is never restored from it: the history is heavy with its training.
    for stage in STAGES.values():
        for out in stage["outs"]:
            name = out if isinstance(out, str) else next(iter(out))
            cached = isinstance(out, str) or out[name].get("cache", True)
            assert cached == (not name.startswith("results/") or name == "results/train/${item}.csv"), name


def test_bytecode_and_unfinished_files_are_no_part_of_a_dependency() -> None:
    ignored = (ROOT / ".dvcignore").read_text().split()
    assert {"__pycache__/", "*.pyc", "/data/**/.*", "/results/report.html"} <= set(ignored)
