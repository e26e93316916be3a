"""Work by several processes, against the built-in map."""

import math
import os
import sys
from collections.abc import Iterator
from itertools import count, islice

import numpy  # noqa: F401  (whose threads are counted)
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from groupseg import parallel
from groupseg.errors import UserError
from groupseg.parallel import in_order, on_one_thread, workers


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order_and_few_items_are_taken_ahead(processes: int) -> None:
    taken = []

    def squares() -> Iterator[int]:
        for number in count():
            taken.append(number)
            yield number**2

    found = in_order(math.isqrt, squares(), processes)
    assert list(islice(found, 20)) == list(range(20))
    assert len(taken) <= 20 + processes + 1
    found.close()


def test_the_first_fault_in_order_is_raised_and_a_killed_process_is_told() -> None:
    with pytest.raises(ValueError, match="'x'"):
        list(in_order(int, ["1", "2", "x", "3", "y"], 2))
    with pytest.raises(UserError, match=r"a worker process was killed, .*GROUPSEG_WORKERS=1"):
        list(in_order(os._exit, [1, 1], 2))


def test_no_process_is_forked_once_torch_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "torch", sys)
    assert parallel._start_method() == "spawn"
    monkeypatch.delitem(sys.modules, "torch")
    assert parallel._start_method() == "fork"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert parallel._start_method() == "spawn"


def test_the_number_of_processes_may_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUPSEG_WORKERS", raising=False)
    assert 1 <= workers() <= (os.cpu_count() or 1)
    monkeypatch.setenv("GROUPSEG_WORKERS", "7")
    assert workers() == 7
    for wrong in ("0", "-1", "two", "1.5"):
        monkeypatch.setenv("GROUPSEG_WORKERS", wrong)
        with pytest.raises(UserError, match=f"GROUPSEG_WORKERS must be a number of processes, .* got '{wrong}'"):
            workers()


def threads(fail: bool) -> set[int]:
    """How many threads each library would take."""
    if fail:
        raise ZeroDivisionError
    return {pool["num_threads"] for pool in threadpool_info()}


def test_one_thread_does_the_work_and_as_many_as_before_what_follows() -> None:
    with threadpool_limits(2):
        assert on_one_thread(threads, False) == {1}
        with pytest.raises(ZeroDivisionError):
            on_one_thread(threads, True)
        assert threads(False) == {2}
