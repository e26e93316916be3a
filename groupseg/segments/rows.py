"""Arrays in a file, read when they are asked for: a table need not fit into memory."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Singles

# What a safetensors file calls the numbers that a table holds.
_NUMBERS = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "I64": "<i8"}

Index = NDArray[np.int64]


class Rows:
    """A matrix [R, D] in a safetensors file, or some of its rows; only what is sliced is read, as float32.

    `rows[:]` reads all, `rows[2:5]` three of them. A pickle holds no numbers, but where they lie.

    Args:
        path: The file.
        name: The tensor: two axes, float32 or float16.
        index: [R] int, which rows of the tensor these are; None = all.

    Raises:
        ValueError: If the tensor is no such matrix.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, path: str | Path, name: str, index: Index | None = None) -> None:
        self._place, self._index = (path, name), index
        self._stored = mapped(Path(path), [name])[name]
        if self._stored.dtype.kind != "f" or self._stored.ndim != 2:
            raise ValueError(f"Expected `{name}` to be a matrix of float32 or float16, but it is not")

    @property
    def shape(self) -> tuple[int, int]:
        """R and D."""
        return len(self), self._stored.shape[1]

    def __len__(self) -> int:
        return len(self._stored if self._index is None else self._index)

    def __getitem__(self, part: slice) -> Singles:
        found = self._stored[part if self._index is None else self._index[part]]
        return np.asarray(found, dtype=np.float32)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> NDArray[np.generic]:
        return np.array(self[:], dtype=dtype, copy=copy)

    def __reduce__(self) -> tuple[type["Rows"], tuple[str | Path, str, Index | None]]:
        return Rows, (*self._place, self._index)

    def at(self, index: Index) -> "Rows":
        """Chooses rows, [M] int in 0..R-1, and reads none."""
        return Rows(*self._place, index if self._index is None else self._index[index])


Matrix = Singles | Rows


def at(matrix: Matrix, index: Index) -> Matrix:
    """Chooses rows of a matrix, [M] int; those of a file are not read."""
    return matrix.at(index) if isinstance(matrix, Rows) else matrix[index]


def mapped(path: Path, names: Collection[str]) -> dict[str, NDArray[Any]]:
    """Maps tensors of a safetensors file: the length of its header in eight bytes, the header as JSON, the tensors.

    Args:
        path: The file.
        names: Which of them; those that the file lacks are left out.

    Returns:
        Arrays that cannot be written to. The system reads their pages when they are asked for, and may forget them.

    Raises:
        ValueError: If one holds other numbers than float16, float32, int32 or int64.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    return {name: _mapped(path, 8 + length, name, header[name]) for name in names if name in header}


def _mapped(path: Path, start: int, name: str, entry: dict[str, Any]) -> NDArray[Any]:
    kind = _NUMBERS.get(entry["dtype"])
    if kind is None:
        raise ValueError(f"Expected `{name}` to be of {', '.join(_NUMBERS)}, but it is of {entry['dtype']}")
    shape = tuple(entry["shape"])
    if 0 in shape:  # which cannot be mapped
        return np.empty(shape, dtype=kind)
    return np.asarray(np.memmap(path, kind, "r", start + entry["data_offsets"][0], shape))
