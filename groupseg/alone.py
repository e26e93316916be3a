"""One process at a time, and a word to those that wait."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def alone(path: Path, waiting: str, seconds: float = -1) -> Iterator[None]:
    """Holds a lock between processes; the system takes it from one that dies.

    Args:
        path: The lock.
        waiting: What is printed where another process holds it.
        seconds: How long that is waited for; below 0 until it is done.

    Raises:
        filelock.Timeout: If it was not done in that time.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(waiting, file=sys.stderr)
        lock.acquire(timeout=seconds)
    try:
        yield
    finally:
        lock.release()
