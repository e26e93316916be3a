"""Several processes that share a stage out among themselves, as torchrun starts them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

# A process that fails ends the others; one that is slow must not.
_PATIENCE = timedelta(days=30)


class Place(NamedTuple):
    """Which process this is.

    Attributes:
        rank: Its number, 0..size-1, over all hosts.
        size: How many there are.
    """

    rank: int
    size: int


def process_rank() -> Place:
    """Returns what torchrun says in RANK and WORLD_SIZE; (0, 1) in a process that it has not started."""
    return Place(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))


@contextmanager
def process_group(backend: str = "gloo") -> Iterator[Place]:
    """Joins the processes of torchrun for as long as the block runs, each with a GPU of its own where there are any.

    One process alone joins nothing.

    Args:
        backend: Through which they meet: gloo, on the CPU, or nccl, between GPUs.
    """
    here = process_rank()
    if here.size == 1:
        yield here
        return
    import torch
    from torch import distributed

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield here
    finally:
        distributed.destroy_process_group()


def meet() -> None:
    """Waits until all processes are here; one alone does not wait."""
    if process_rank().size > 1:
        from torch import distributed

        distributed.barrier()
