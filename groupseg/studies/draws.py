"""Draws of several sizes, and one piece of work on each of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from tqdm import tqdm

T = TypeVar("T")


def nested_draws(count: int, sizes: Iterable[int], draws: int, seed: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Draws from `count` things without replacement.

    A draw is one shuffle, of which each size takes the beginning: the smaller draw of a number is part of the larger
    one. Another list of sizes or more draws change nothing in the others.

    Args:
        count: N, how many there are.
        sizes: How many to draw. Those that leave nothing out are left out, since all N come once anyway.
        draws: How many draws of each size.
        seed: Seed of the shuffles.

    Yields:
        Number of the draw, and what is drawn: [size] int64 in 0..N-1, ascending. Sizes ascend; last, as draw 0, all N.
    """
    shuffles = [np.random.default_rng([seed, draw]).permutation(count) for draw in range(draws)]
    for size in sorted({size for size in sizes if size < count}):
        for draw, shuffle in enumerate(shuffles):
            yield draw, np.sort(shuffle[:size])
    yield 0, np.arange(count)


def on_each(work: Callable[..., T], tasks: Sequence[tuple[Any, ...]], title: str, workers: int) -> list[T]:
    """Calls `work(*task)` for each task, in processes of one thread each, so that their number changes no result.

    Args:
        work: A function of a module.
        tasks: Its arguments; begun in this order, so that what takes longest is best put first.
        title: What the progress bar says.
        workers: Number of processes; 1 = this one.

    Returns:
        What `work` returns, in the order of the tasks.
    """
    call = partial(_on_one_thread, work)
    bar = partial(tqdm, total=len(tasks), desc=title, unit="draw", disable=None)
    if workers == 1:
        return list(bar(map(call, tasks)))
    # Not forked: a copy of a process in which OpenMP has run can hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(bar(pool.map(call, tasks)))


def _on_one_thread(work: Callable[..., T], task: tuple[Any, ...]) -> T:
    with threadpool_limits(1):
        return work(*task)
