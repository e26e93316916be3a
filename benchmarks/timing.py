"""How the benchmarks take time."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Returns the seconds that `work` takes, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def race(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Times all in turns; returns the seconds of the fastest round of each."""
    best = dict.fromkeys(ways, float("inf"))
    for turn in range(rounds + 1):
        for name, work in ways.items():
            seconds, _ = timed(work)
            if turn:  # the first round pays for what later ones find ready
                best[name] = min(best[name], seconds)
    return best
