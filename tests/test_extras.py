"""What is imported is declared, the package runs without extras, and what is missing is named in one line."""

import ast
import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from grimp import build_graph

from groupseg.extras import MissingExtra, extra
from groupseg.strategies.background_vector import BackgroundVector
from groupseg.strategies.classifier import Classifier
from tests.tables import random_case

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Modules whose package has another name, or that a declared package brings.
PACKAGES = {
    "PIL": "pillow", "click": "typer", "markupsafe": "jinja2", "open_clip": "open_clip_torch",
    "pydantic_core": "pydantic", "ruamel": "ruamel.yaml", "sklearn": "scikit-learn", "typing_extensions": "pydantic",
}  # fmt: skip
# Which module stands for each part of the package, what it needs, and what it takes only where it is asked for more.
PARTS = {
    "groupseg.segments.pixels": ([], ["torch"]),
    "groupseg.strategies.registry": ([], ["strategies", "torch"]),
    "groupseg.metrics.pairs": ([], []),
    "groupseg.metrics.ladder": ([], []),
    "groupseg.segments.build": (["torch"], []),
    "groupseg.refine.pamr": (["torch"], []),
    "groupseg.predict.run": (["clip"], ["report", "strategies", "video"]),
    "groupseg.networks.convert": (["clip"], []),
    "groupseg.networks.export": (["export"], []),
    "groupseg.datasets.scenes.artwork": (["scenes"], []),
    "groupseg.tracking.runs": (["track"], ["clip", "strategies"]),
    "groupseg.report.page": (["report"], ["clip", "strategies"]),
}


def required(names: list[str]) -> set[str]:
    """The packages of extras, and those that are always there."""
    found, lines = set(), list(PROJECT["dependencies"])
    for name in names:
        lines += PROJECT["optional-dependencies"][name]
    for line in lines:
        if extras := re.match(r"groupseg\[(.*)\]", line):
            found |= required(extras[1].split(","))
        else:
            found.add(re.split(r"[\[=><]", line)[0])
    return found


def libraries(paths: list[Path]) -> set[str]:
    """The modules of others that files import, anywhere."""
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_bytes()))]
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    names |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"groupseg", "stages", "tests"}


def test_what_is_imported_is_declared() -> None:
    used = libraries([path for package in ("groupseg", "stages") for path in (ROOT / package).rglob("*.py")])
    assert {PACKAGES.get(name, name) for name in used} <= required(["pipeline", "export", "video"])


def test_parts_import_what_their_extras_bring() -> None:
    graph = build_graph("groupseg", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None)
    for part, (needed, more) in PARTS.items():
        modules = graph.find_upstream_modules(part) - {"groupseg"} | {part}
        used = {name for name in modules if not name.startswith("groupseg")} - sys.stdlib_module_names
        assert {PACKAGES.get(name, name) for name in used} <= required([*needed, *more]), part


def test_the_example_of_the_readme_runs_without_extras() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (example,) = re.findall(r"^```python\n([^`]*from_scores[^`]*)^```", readme, re.MULTILINE)
    optional = {PACKAGES.get(name, name): name for name in libraries(list((ROOT / "groupseg").rglob("*.py")))}
    absent = [name for package, name in optional.items() if package not in required([])]
    assert {"torch", "sklearn", "pandas"} <= set(absent)
    code = f"""import sys
sys.modules.update(dict.fromkeys({absent!r}))
{example}
from groupseg.cli import app
for command in (["predict", "x"], ["track"]):
    try:
        app(command)
    except SystemExit as end:
        assert end.code == 1
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    threshold, miou = map(float, done.stdout.split()[:2])
    assert 0 < threshold < 1
    assert 0.5 < miou < 1
    first, second = done.stderr.splitlines()
    assert re.fullmatch(r"error: \w+ is not installed\. Run `pip install 'groupseg\[clip\]'`\.", first)
    assert re.fullmatch(r"error: \w+ is not installed\. Run `pip install 'groupseg\[track\]'`\.", second)


@pytest.mark.parametrize(
    ("strategy", "library"),
    [
        (Classifier(model="boosted"), "lightgbm"),
        (Classifier(model="logistic"), "sklearn"),
        (BackgroundVector(vectors=2), "sklearn"),
    ],
    ids=["boosted", "logistic", "background vectors"],
)
def test_a_strategy_names_the_extra_that_it_needs(
    strategy: Classifier | BackgroundVector, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    case = random_case(0, images=4)
    line = f"{library} is not installed. Run `pip install 'groupseg[strategies]'`."
    with pytest.raises(MissingExtra, match=f"^{re.escape(line)}$"):
        strategy.fit(case.table, case.vocabulary)


def test_only_a_library_that_is_missing_is_told_as_such() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"groupseg\.nothing"), extra("clip"):
        import groupseg.nothing  # type: ignore[import-not-found]  # noqa: F401
    with pytest.raises(ImportError, match="cannot import name"), extra("clip"):
        from numpy import nothing  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(MissingExtra) as told, extra("report"):
        import no_such_library  # type: ignore[import-not-found]  # noqa: F401
    assert str(pickle.loads(pickle.dumps(told.value))) == str(told.value)
