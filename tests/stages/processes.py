"""A stage shared out among two processes, without the seconds that they take to import everything."""

import os
import socket
from collections.abc import Callable

import torch
from torch import multiprocessing


def in_two_processes(main: Callable[..., None], *arguments: str) -> None:
    """Runs a stage in two forked processes of one thread each, which know their places as torchrun tells them."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    multiprocessing.start_processes(_one_of_two, (port, main, arguments), nprocs=2, start_method="fork")


def _one_of_two(rank: int, port: int, main: Callable[..., None], arguments: tuple[str, ...]) -> None:
    torch.set_num_threads(1)
    told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    os.environ.update({name: str(value) for name, value in told.items()})
    os.environ.update({"MASTER_ADDR": "localhost", "MASTER_PORT": str(port)})
    main(*arguments)
