import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import groupseg
from groupseg.predict.segmenter import Segmenter
from groupseg.segments.pixels import from_scores
from groupseg.strategies.registry import load


def test_what_the_package_exports() -> None:
    assert groupseg.Segmenter is Segmenter
    assert groupseg.from_scores is from_scores
    assert groupseg.load_strategy is load
    assert set(groupseg.__all__) == set(groupseg._SOURCES)


def test_type_checkers_and_python_find_the_same_names() -> None:
    checked = next(node for node in ast.parse(inspect.getsource(groupseg)).body if isinstance(node, ast.If)).body
    imports = [node for node in checked if isinstance(node, ast.ImportFrom)]
    found = {name.asname or name.name: (node.module, name.name) for node in imports for name in node.names}
    sources = {name: source.partition(":") for name, source in groupseg._SOURCES.items()}
    assert found == {
        name: (f"groupseg.{module}", attribute or name) for name, (module, _, attribute) in sources.items()
    }


def test_the_reference_shows_what_is_exported() -> None:
    page = (Path(groupseg.__file__).parents[1] / "docs/reference.md").read_text("utf-8")
    sources = {name: source.partition(":") for name, source in groupseg._SOURCES.items()}
    shown = set(re.findall(r"^::: (.*)$", page, re.MULTILINE)) - {"groupseg.strategies.protocol.Strategy"}
    assert shown == {f"groupseg.{module}.{attribute or name}" for name, (module, _, attribute) in sources.items()}


def test_what_is_not_exported_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'groupseg' has no attribute 'Segmentor'"):
        groupseg.Segmentor  # noqa: B018


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, groupseg; print(sorted({'torch', 'numpy', 'scipy', 'PIL', 'typer'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
