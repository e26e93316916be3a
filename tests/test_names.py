"""A public name stands for one thing: whoever reads it need not look where it was imported from."""

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules() -> dict[str, ast.Module]:
    """The modules of the library and of the stages."""
    paths = [path for package in ("groupseg", "stages") for path in sorted((ROOT / package).rglob("*.py"))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return {name: ast.parse(path.read_text("utf-8")) for name, path in zip(names, paths, strict=True)}


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


def taken(trees: Collection[ast.Module]) -> set[tuple[str, str]]:
    """Modules and the names taken from them, by `from package.module import name` or as `module.name`."""
    found = set()
    for tree in trees:
        nodes = list(ast.walk(tree))
        imports = [(node.module, one) for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names]
        aliases = {one.asname or one.name: f"{module}.{one.name}" for module, one in imports}
        found |= {(module or "", one.name) for module, one in imports}
        found |= {
            (aliases[node.value.id], node.attr)
            for node in nodes
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases
        }
    return found


def is_script(tree: ast.Module) -> bool:
    """Whether a module is run: by the line `if __name__ == "__main__"`."""
    return any(isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in tree.body)


def twins(trees: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """The public names that several modules define, with the modules; of a script what others take from it counts."""
    found: dict[str, list[str]] = {}
    used = taken(trees.values())
    for module, tree in trees.items():
        script = is_script(tree)
        for name in dict.fromkeys(defined(tree)):
            if not script or (module, name) in used:
                found.setdefault(name, []).append(module)
    return {name: owners for name, owners in found.items() if len(owners) > 1}


def parsed(sources: Mapping[str, str]) -> dict[str, ast.Module]:
    return {name: ast.parse(source) for name, source in sources.items()}


def test_no_name_stands_for_two_things() -> None:
    assert twins(modules()) == {}


@pytest.mark.parametrize(
    ("module", "name", "twin"),
    [
        ("groupseg.segments.table", "SegmentTable", "class SegmentTable: ..."),
        ("groupseg.metrics.iou", "mean_iou", "def mean_iou(): ..."),
        ("groupseg.strategies.registry", "STRATEGIES", "OTHER, STRATEGIES = 1, {}"),
        ("groupseg.array_types", "Floats", "Floats: int = 1"),
        ("stages.sources", "PARAMETERS", "PARAMETERS = 1\nfrom stages.sources import PARAMETERS"),
    ],
)
def test_a_made_up_twin_is_found(module: str, name: str, twin: str) -> None:
    known = {module: ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8"))}
    assert twins(known) == {}
    assert twins({**known, **parsed({"groupseg.made_up": twin})}) == {name: [module, "groupseg.made_up"]}


def test_what_is_private_or_imported_is_no_twin() -> None:
    known = {"groupseg.one": "def known(): ...\n_own = 1"}
    assert twins(parsed({**known, "groupseg.two": "from groupseg.one import known\n_own = 2"})) == {}
    assert twins(parsed({**known, "groupseg.two": "def other():\n    known = 1\n    return known"})) == {}


def test_of_a_script_what_others_take_from_it_counts() -> None:
    main = 'if __name__ == "__main__":\n    main()'
    scripts = {f"stages.{name}": f"def main(): ...\ndef shared(): ...\n{main}" for name in ("one", "two")}
    first, second = "from stages.one import shared", "from stages import two\ntwo.shared()"
    assert twins(parsed(scripts)) == {}
    assert twins(parsed({**scripts, "stages.three": first})) == {}
    assert twins(parsed({**scripts, "stages.three": first, "stages.four": second})) == {
        "shared": ["stages.one", "stages.two"]
    }
