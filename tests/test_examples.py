"""The examples in the docstrings run, and every public name has one; that of `Segmenter` runs with the pages."""

import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import groupseg

PACKAGE = Path(groupseg.__file__).parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples() -> Iterator[doctest.DocTest]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>>" in path.read_text("utf-8") and path.stem != "segmenter":
            module = import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
            yield from (test for test in doctest.DocTestFinder().find(module, globs={}) if test.examples)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_examples_run(example: doctest.DocTest) -> None:
    said: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=FLAGS).run(example, out=said.append)
    assert not failed, "".join(said)


@pytest.mark.parametrize("name", groupseg.__all__)
def test_every_public_name_has_an_example(name: str) -> None:
    assert "    >>> " in getattr(groupseg, name).__doc__
