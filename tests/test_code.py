"""Digests of code: found from the imports, changed by what code does and by nothing else."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from groupseg.code import NEUTRAL, PACKAGES, Code, code_file_digest
from groupseg.strategies.registry import STRATEGIES
from stages.sources import RECIPES, RECORDS, segmenting

CHECKOUT = Path(__file__).parents[1]
# What a record is made by, and what is not followed: a calibration, rows of a study, a trained model.
MADE: dict[str, tuple[list[str], list[str]]] = {
    "fixed": (["groupseg.strategies.record", "groupseg.strategies.fixed"], []),
    "context": (["groupseg.strategies.record", "groupseg.strategies.context"], []),
    "learning": (["groupseg.studies.learning", "groupseg.strategies.fixed"], []),
    "vocabulary": (["groupseg.studies.vocabulary", "groupseg.strategies.threshold"], []),
    "training": (["stages.train"], [*RECIPES["groupvit"], *RECIPES["published"]]),
}


def change(text: str) -> str:
    return f"{text}\nCHANGED = 1\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code."""
    root = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(CHECKOUT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def edited(path: Path, edit: Callable[[str], str], digest: Callable[[], str]) -> str:
    """The digest while a file is changed."""
    before = path.read_bytes()
    path.write_text(edit(before.decode()), encoding="utf-8")
    try:
        return digest()
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("name", MADE)
def test_a_change_within_the_closure_counts_and_none_outside(copy: Path, name: str) -> None:
    code, (modules, without) = Code(copy), MADE[name]
    inside = set(code.files(modules, without))
    outside = {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()} - inside
    before = code.digest(modules, without)
    for path in inside:
        assert edited(copy / path, change, lambda: code.digest(modules, without)) != before, path
    with ExitStack() as stack:
        for path in outside:
            content = (copy / path).read_bytes()
            stack.callback((copy / path).write_bytes, content)
            (copy / path).write_bytes(content + b"\nCHANGED = 1\n")
        assert code.digest(modules, without) == before


def test_comments_and_layout_do_not_count(copy: Path) -> None:
    code, (modules, without) = Code(copy), MADE["training"]

    def digest() -> str:
        return code.digest(modules, without)

    before = digest()
    for path in code.files(modules, without):
        assert path.suffix == ".py"
        assert edited(copy / path, lambda text: ast.unparse(ast.parse(text)), digest) == before
        assert edited(copy / path, lambda text: f"{text}\n# A remark.\n", digest) == before


def test_docstrings_do_not_count_and_values_do(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        (tmp_path / "some.py").write_text(text)
        return code_file_digest(tmp_path / "some.py")

    assert digest('"""Says."""\ndef f():\n    """Says."""\n    return 1') == digest("def f():\n    return 1")
    values = ["None", "0", "False", "0.0", "''", "()", "[]", "'0'"]
    assert len({digest(f"x = {value}") for value in values}) == len(values)


def test_a_strategy_is_behind_its_own_records_and_no_others() -> None:
    code = Code(CHECKOUT)
    for rule, strategy in STRATEGIES.items():
        found = code.closure([RECORDS["calibrate"]["calibration"], strategy.__module__])
        # A classifier takes its thresholds from another rule.
        allowed = {"groupseg.strategies.plug_in"} if rule == "classifier" else set()
        assert {other.__module__ for other in STRATEGIES.values()} & found - allowed == {strategy.__module__}, rule


@pytest.mark.parametrize("name", MADE)
def test_all_that_python_loads_is_in_the_closure(name: str) -> None:
    code, (modules, without) = Code(CHECKOUT), MADE[name]
    script = f"import sys; import {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    loaded = {module for module in done.stdout.split() if module.split(".")[0] in PACKAGES}
    packages = {module for module in loaded if (CHECKOUT / module.replace(".", "/")).is_dir()}
    # What checks parameters loads all that has parameters.
    checks = code.closure({module for module in loaded if module.startswith(("stages.schema", "stages.sections."))})
    assert loaded - packages - NEUTRAL - checks <= code.closure(modules, without)


def test_packages_do_nothing_when_they_are_imported_by_the_way() -> None:
    # Closures leave them out, but for those that are imported themselves.
    for path in CHECKOUT.joinpath("groupseg").rglob("__init__.py"):
        if path.parent.relative_to(CHECKOUT).as_posix() not in ("groupseg", "groupseg/datasets/scenes"):
            assert all(isinstance(node, ast.Expr) for node in ast.parse(path.read_text("utf-8")).body), path


def test_data_files_count(copy: Path) -> None:
    files = {path.as_posix() for path in Code(copy).files(["stages.report", "stages.embed_text"])}
    assert {
        "groupseg/report/report.html.j2", "groupseg/report/base.css", "groupseg/report/report.js",
        "groupseg/text/lists/sclip.txt", "groupseg/text/names/voc.groupvit.json",
    } <= files  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "changed", "counts"),
    [
        ("architecture", "scenes/trunk", True),
        ("architecture", "clip/attention", False),
        ("architecture", "groupvit/image", False),
        ("groupvit", "groupvit/image", True),
        ("groupvit", "scenes/grouping", True),
        ("groupvit", "scenes/trunk", False),
        ("clip", "clip/pixels", True),
        ("clip", "given/scores", False),
        ("scores", "given/scores", True),
        ("clip", "frame", True),
    ],
)
def test_segments_follow_the_code_of_their_own_network(copy: Path, kind: str, changed: str, counts: bool) -> None:
    before = segmenting(kind, Code(copy))
    path = copy / f"groupseg/networks/{changed}.py"
    assert (edited(path, change, lambda: segmenting(kind, Code(copy))) != before) == counts
