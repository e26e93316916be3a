import subprocess
import sys

import pytest

import groupseg
from groupseg.predict.segmenter import Segmenter
from groupseg.segments.pixels import from_scores


def test_what_the_package_exports() -> None:
    assert groupseg.Segmenter is Segmenter
    assert groupseg.from_scores is from_scores
    assert groupseg.__all__ == ["Segmenter", "from_scores"]


def test_what_is_not_exported_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'groupseg' has no attribute 'Segmentor'"):
        groupseg.Segmentor  # noqa: B018


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, groupseg; print(sorted({'torch', 'numpy', 'scipy', 'PIL', 'typer'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
