"""Checkpoints as training codes save them: of what lies beside the tensors nothing is made, and no code is run."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psutil
import torch
from torch import Tensor

from groupseg.errors import UserError
from groupseg.io.tensors import read_tensors

# What reading a file may take of memory besides what the file is long.
_ROOM = 2**30


class Skipped(list[object]):
    """Stands where a checkpoint has an object of a class that is not known, such as its configuration.

    A list, for torch adds to nothing else what an object contains.
    """

    def __hash__(self) -> int:  # type: ignore[override] # (an object may be a key)
        return id(self)

    def __new__(cls, *_: object) -> Self:
        """Looks at nothing that the object would be made from."""
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        super().__init__()

    def __setstate__(self, _: object) -> None:
        """Forgets what the object would be filled with."""


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """As `groupseg.io.tensors.read_tensors`, but of a checkpoint of torch other objects beside the tensors are skipped.

    torch reads pickles by itself and makes only what it knows to be harmless. Here all other classes that the file
    names become `Skipped`; those of modules that torch never allows (os, sys) are still refused.

    Raises:
        UserError: As `read_tensors`; also if an object cannot be skipped, or reading takes much more memory than the
            file is long.
    """
    try:
        with _limited_memory(2 * path.stat().st_size + _ROOM if path.exists() else _ROOM):
            try:
                return read_tensors(path)
            except UserError as error:
                return _skipping(path, error)
    except UserError:
        raise
    except Exception as error:  # what a hostile pickle asks of torch can fail in any way
        raise UserError(
            f"{path} is refused: it is no file of weights, or a broken one ({type(error).__name__}). Give another file."
        ) from error


def _skipping(path: Path, refused: UserError) -> dict[str, Tensor]:
    """Reads a file once more, without the objects for which it was refused."""
    try:
        unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # no archive of torch's, or a broken one
        raise refused from None
    if not unknown:
        raise refused
    known: list[Any] = [(_dictionary if name == "collections.defaultdict" else Skipped, name) for name in unknown]
    with torch.serialization.safe_globals(known):
        try:
            return read_tensors(path)
        except UserError as error:
            # The first one says which object it was.
            raise (refused if "is refused" in str(error) else error) from None


def _dictionary(*_: object) -> dict[object, object]:
    return {}


@contextmanager
def _limited_memory(room: int) -> Iterator[None]:
    """Lets the process take no more than so many bytes on top of what it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = psutil.Process().memory_info().vms + room
    resource.setrlimit(resource.RLIMIT_AS, (wanted if soft == resource.RLIM_INFINITY else min(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
