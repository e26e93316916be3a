"""What holds for all tests.

One thread a process: `make test` runs a process on each core, and more threads would only wait for each other. The
libraries read this when they are loaded, and so do the programs that tests start.
"""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

# They start programs, which are forked from one process; see tests/stages/warm.py. Each process of `make test` that
# runs one of them would need its own, and to start it takes seconds.
START_PROGRAMS = {"test_repro.py", "test_own_files.py", "test_sources.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of a file in one process, and those that start programs too."""
    for item in items:
        name = item.path.name
        item.add_marker(pytest.mark.xdist_group("programs" if name in START_PROGRAMS else str(item.path)))
