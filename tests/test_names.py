"""A public name stands for one thing: whoever reads it need not look where it was imported from."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Names that are defined twice all the same, and why.
EXCEPTIONS: dict[str, str] = {}


def defined(tree: ast.Module) -> Iterator[str]:
    """The public names that a module defines itself."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        else:
            continue
        yield from (name for name in found if not name.startswith("_"))


def imported(module: str, trees: Mapping[str, ast.Module]) -> set[str]:
    """The names of a module that others take from it: `from package.module import name`, or `module.name`."""
    found: set[str] = set()
    for tree in trees.values():
        aliases = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                found |= {one.name for one in node.names if node.module == module}
                aliases |= {one.asname or one.name for one in node.names if f"{node.module}.{one.name}" == module}
        nodes = [
            node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        ]
        found |= {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id in aliases}
    return found


def is_script(tree: ast.Module) -> bool:
    """Whether a module is run: by the line `if __name__ == "__main__"`."""
    return any(isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in tree.body)


def twins(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """The public names that several modules define, with the modules; of a script what others import counts alone."""
    trees = {module: ast.parse(source) for module, source in sources.items()}
    found: dict[str, list[str]] = {}
    for module, tree in trees.items():
        names = set(defined(tree))
        for name in names & imported(module, trees) if is_script(tree) else names:
            found.setdefault(name, []).append(module)
    return {name: modules for name, modules in found.items() if len(modules) > 1}


def sources() -> dict[str, str]:
    """The text of each module of the library and of the stages."""
    paths = [path for package in ("groupseg", "stages") for path in (ROOT / package).rglob("*.py")]
    parts = {path: path.relative_to(ROOT).with_suffix("").parts for path in paths}
    return {".".join(parts[path]).removesuffix(".__init__"): path.read_text("utf-8") for path in sorted(paths)}


def test_no_name_stands_for_two_things() -> None:
    found = twins(sources())
    assert {name: modules for name, modules in found.items() if name not in EXCEPTIONS} == {}
    assert EXCEPTIONS.keys() <= found.keys()  # what is no twin any more needs no exception


@pytest.mark.parametrize(
    "twin",
    [
        "class SegmentTable: ...",
        "def mean_iou(): ...",
        "STRATEGIES = {}",
        "OTHER, STRATEGIES = 1, 2",
        "Scores: int = 1",
    ],
)
def test_a_twin_is_found(twin: str) -> None:
    name = next(name for name in defined(ast.parse(twin)) if name != "OTHER")
    (own,) = (module for module, source in sources().items() if name in defined(ast.parse(source)))
    assert twins({**sources(), "groupseg.made_up": twin})[name] == [own, "groupseg.made_up"]


def test_what_is_private_or_imported_is_no_twin() -> None:
    known = {"groupseg.one": "def known(): ...\n_own = 1"}
    assert twins({**known, "groupseg.two": "from groupseg.one import known\n_own = 2"}) == {}
    assert twins({**known, "groupseg.two": "def other():\n    known = 1\n    return known"}) == {}


def test_of_a_script_what_others_import_counts() -> None:
    main = 'if __name__ == "__main__":\n    main()'
    scripts = {f"stages.{name}": f"def main(): ...\ndef shared(): ...\n{main}" for name in ("one", "two")}
    assert twins(scripts) == {}
    users = {"stages.three": "from stages.one import shared", "stages.four": "from stages import two\ntwo.shared()"}
    assert twins({**scripts, "stages.three": users["stages.three"]}) == {}
    assert twins({**scripts, **users}) == {"shared": ["stages.one", "stages.two"]}
