"""Draws of several sizes, and one piece of work on each of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from groupseg.parallel import in_order, on_one_thread

_T = TypeVar("_T")
_R = TypeVar("_R")


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


def on_each(work: Callable[[_T], _R], tasks: Sequence[_T], title: str, processes: int) -> list[_R]:
    """Calls `work` with each task, in processes of one thread each, so that their number changes no result.

    Args:
        work: Can be pickled, as can the tasks and results.
        tasks: Begun in this order, so that what takes longest is best put first.
        title: What the progress bar says.
        processes: How many; 1 = this one.

    Returns:
        The results, in the order of the tasks.
    """
    results = in_order(partial(on_one_thread, work), tasks, processes)
    return list(tqdm(results, total=len(tasks), desc=title, unit="fit", disable=None))
