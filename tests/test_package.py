import subprocess
import sys

import pytest

import groupseg
from groupseg.predict.segmenter import Segmenter


def test_the_segmenter_is_exported() -> None:
    assert groupseg.Segmenter is Segmenter
    assert groupseg.__all__ == ["Segmenter"]


def test_what_is_not_exported_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'groupseg' has no attribute 'Segmentor'"):
        groupseg.Segmentor  # noqa: B018


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, groupseg; print(sorted({'torch', 'numpy', 'scipy', 'PIL', 'typer'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
