"""The same work on many things by several processes, with the results in order."""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, TypeVar

from groupseg.errors import UserError

_T = TypeVar("_T")
_R = TypeVar("_R")

# What a worker does. Given once at its start, so that it need not travel with every item.
_work: Callable[[Any], Any] | None = None


def workers() -> int:
    """Returns how many processes work: what `GROUPSEG_WORKERS` says, else one for each core that may be used.

    Raises:
        UserError: If the variable is no positive number.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    given = os.environ.get("GROUPSEG_WORKERS") or str(cores)
    if not given.isdecimal() or int(given) < 1:
        raise UserError(f"GROUPSEG_WORKERS must be a number of processes, 1 or more; got {given!r}. Mend or unset it.")
    return int(given)


def in_order(work: Callable[[_T], _R], items: Iterable[_T], processes: int) -> Generator[_R, None, None]:
    """Yields `work(item)` for each item, in the order of the items.

    Only a few items are taken ahead of the one whose result is awaited, so that memory does not grow with their number.

    Args:
        work: Can be pickled, as can its items and results.
        items: May be without end.
        processes: How many; with 1 all is done in this one.

    Raises:
        UserError: If a process dies; and whatever `work` raises, for the first item in order.
    """
    if processes == 1:
        yield from map(work, items)
        return
    waiting = iter(items)
    with ProcessPoolExecutor(processes, multiprocessing.get_context(_start_method()), _start, (work,)) as pool:
        running: deque[Future[_R]] = deque(pool.submit(_do, item) for item in islice(waiting, processes + 1))
        try:
            while running:
                yield running.popleft().result()
                running.extend(pool.submit(_do, item) for item in islice(waiting, 1))
        except BrokenProcessPool as error:
            raise UserError(
                "a worker process was killed, most likely because memory ran out. Close other programs, or set"
                " GROUPSEG_WORKERS=1."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def on_one_thread(work: Callable[[_T], _R], item: _T) -> _R:
    """Returns `work(item)`, done by one thread: sums of floats depend on the number of threads."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        return work(item)


def _start_method() -> str:
    # A forked process starts at once and shares what is loaded. But of the threads of its parent it has none: once
    # torch has started those of OpenMP, a fork that waits for them hangs. macOS's own libraries do not stand forks.
    return "fork" if sys.platform == "linux" and "torch" not in sys.modules else "spawn"


def _start(work: Callable[[Any], Any]) -> None:
    global _work
    _work = work


def _do(item: Any) -> Any:
    assert _work is not None
    return _work(item)
