"""How the code is laid out: what imports what, how long files and functions are, and where the reader's tour leads."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest
from grimp import build_graph

ROOT = Path(__file__).parents[1]
FOLDERS = ("groupseg", "stages", "benchmarks")
# What reads of other commits, and what restores a damaged output, ask DVC where its files are.
ASK_DVC = {"groupseg.compare.revisions", "groupseg.restored"}
# Lines of a file, and of the function in the middle.
LONGEST, MEDIAN = 250, 12

Imports = dict[str, set[str]]


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob("*.py")


@pytest.fixture(scope="module")
def imports() -> Imports:
    """What each module imports, also within functions; packages themselves, which only name things, are left out."""
    graph = build_graph(
        "groupseg", "stages", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    roots = {"groupseg", "stages"}
    own = {module for module in graph.modules if module.split(".")[0] in roots} - roots
    return {module: graph.find_modules_directly_imported_by(module) - roots for module in own}


def test_files_are_short_and_so_are_functions() -> None:
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in files()}
    long = [name.partition("/")[2] for name, text in texts.items() if len(text.splitlines()) > LONGEST]
    assert not long
    nodes = (node for text in texts.values() for node in ast.walk(ast.parse(text)))
    lengths = [1 + (node.end_lineno or 0) - node.lineno for node in nodes if isinstance(node, ast.FunctionDef)]
    assert median(lengths) <= MEDIAN


def test_no_module_imports_itself_by_a_detour(imports: Imports) -> None:
    list(TopologicalSorter(imports).static_order())


def test_packages_lie_in_layers(imports: Imports) -> None:
    # Each uses lower ones alone, so that there is an order of all of them.
    layers: Imports = {}
    for module, found in imports.items():
        own = ".".join(module.split(".")[:2])
        used = {".".join(name.split(".")[:2]) for name in found if name.startswith("groupseg.")}
        if module.startswith("groupseg."):
            layers.setdefault(own, set()).update(used - {own})
    list(TopologicalSorter(layers).static_order())


def test_the_library_uses_neither_stages_nor_dvc(imports: Imports) -> None:
    library = {module: found for module, found in imports.items() if module.startswith("groupseg.")}
    outside = {module: {name.split(".")[0] for name in found} & {"stages", "dvc"} for module, found in library.items()}
    assert {module for module, found in outside.items() if found} == ASK_DVC
    assert all("stages" not in outside[module] for module in ASK_DVC)


def test_the_readers_tour_leads_from_file_to_file() -> None:
    text = (
        (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## One threshold, from params.yaml to the report")[2]
    )
    steps = re.findall(r"^\d+\. `([\w/]+\.py)`, `(\w+)`", text.partition("\n## ")[0], re.MULTILINE)
    assert 5 <= len(steps) <= 10
    for file, name in steps:
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, file
