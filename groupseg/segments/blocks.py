"""Blocks of images: whoever works through a table in them needs memory for a block, however many images there are.

What is said of an image depends on its own segments alone, so that a rule can be asked block by block; what depends on
all images is a sum over blocks.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import update_wrapper
from tempfile import TemporaryFile
from typing import IO, Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from groupseg.segments.table import SegmentTable

_P = ParamSpec("_P")
_S = TypeVar("_S")
_T = TypeVar("_T")

# About so many segments are in a block: what is computed of it stays in the cache of a core.
SEGMENTS = 2048
# Results of more bytes lie in a file.
SPILL = 2**22


def blocks(table: SegmentTable) -> Iterator[SegmentTable]:
    """Cuts a table into blocks of whole images, in order; one at least, which may be empty."""
    if len(table.image) <= SEGMENTS:
        yield table
        return
    first = np.searchsorted(table.image, np.arange(len(table.keys) + 1))
    start = 0
    while start < len(table.keys):
        end = int(np.searchsorted(first, first[start] + SEGMENTS, side="right")) - 1
        end = max(end, start + 1)
        yield table.between(start, end)
        start = end


def in_blocks(work: Callable[..., _T], table: SegmentTable, *columns: NDArray[Any]) -> _T:
    """Calls `work` with each block, and puts the results together.

    Args:
        work: Returns an array, or a tuple of arrays, whose first axis runs over the segments, or over the images.
        table: The table.
        columns: [S, ...], passed to `work` too: what each holds of the segments of the block.

    Returns:
        What `work` would return of the whole table.
    """
    with ExitStack() as files:
        wholes: list[Whole] = []
        first = 0
        for block in blocks(table):
            rows = slice(first, first := first + len(block.image))
            made = work(block, *(column[rows] for column in columns))
            arrays = made if isinstance(made, tuple) else (made,)
            wholes = wholes or [Whole(files) for _ in arrays]
            for whole, array in zip(wholes, arrays, strict=True):
                whole.add(array)
        found = tuple(whole.array() for whole in wholes)
    return found if isinstance(made, tuple) else found[0]  # type: ignore[return-value]


class Whole:
    """An array that is put together from its parts; a large one lies in a temporary file (see `tempfile`).

    Args:
        files: Closes the file in the end; the array outlives that.
    """

    def __init__(self, files: ExitStack) -> None:
        self._files = files
        self._file: IO[bytes] | None = None
        self._waiting: list[NDArray[Any]] = []
        self._rows = self._bytes = 0

    def add(self, part: NDArray[Any]) -> None:
        """Puts a part behind the others, [R, ...], of the same type.

        Raises:
            OSError: If there is no space left for the file.
        """
        self._waiting.append(part)
        self._empty = part[:0]
        self._rows += len(part)
        self._bytes += part.nbytes
        if self._bytes > SPILL:
            self._write()

    def array(self) -> NDArray[Any]:
        """Returns all parts, one after the other; one at least was added."""
        if self._file is None:
            return np.concatenate(self._waiting)
        self._write()
        shape = (self._rows, *self._empty.shape[1:])
        return np.asarray(np.memmap(self._file, self._empty.dtype, "r+", shape=shape))

    def _write(self) -> None:
        if self._file is None:
            self._file = self._files.enter_context(TemporaryFile())  # noqa: SIM115 (this is one)
        for part in self._waiting:
            self._file.write(np.ascontiguousarray(part).tobytes())
        self._file.flush()
        self._waiting, self._bytes = [], 0


def by_blocks(
    method: Callable[Concatenate[_S, SegmentTable, _P], _T],
) -> Callable[Concatenate[_S, SegmentTable, _P], _T]:
    """Makes a method that takes a table, and returns what `in_blocks` can put together, work in blocks."""

    def whole(self: _S, table: SegmentTable, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return in_blocks(lambda block: method(self, block, *args, **kwargs), table)

    update_wrapper(whole, method)
    return whole  # type: ignore[return-value] # (its arguments have names, which the type cannot say)


@contextmanager
def keep(made: Iterable[Sequence[NDArray[Any]]]) -> Iterator["Kept"]:
    """Keeps arrays in a temporary file (see `tempfile`) for as long as the context lasts.

    Args:
        made: For each block a few arrays.

    Raises:
        OSError: If there is no space left for the file.
    """
    with TemporaryFile() as file:
        kinds = []
        for arrays in made:
            kinds.append([(array.dtype, array.shape) for array in arrays])
            for array in arrays:
                file.write(np.ascontiguousarray(array).tobytes())
        yield Kept(file, kinds)


class Kept:
    """Arrays of each block in a file. Each iteration reads them, in order, those of one block at a time.

    One iteration must end before the next begins.

    Args:
        file: One array after the other.
        kinds: Type and shape of each array of each block.
    """

    def __init__(self, file: IO[bytes], kinds: list[list[tuple[np.dtype[Any], tuple[int, ...]]]]) -> None:
        self._file, self._kinds = file, kinds

    def __iter__(self) -> Iterator[list[NDArray[Any]]]:
        self._file.seek(0)
        for kinds in self._kinds:
            yield [self._read(*kind) for kind in kinds]

    def _read(self, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        content = bytearray(math.prod(shape) * kind.itemsize)
        self._file.readinto(content)  # type: ignore[attr-defined]
        return np.frombuffer(content, kind).reshape(shape)
