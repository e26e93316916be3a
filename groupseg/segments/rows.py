"""Rows of a matrix in a file, read when they are asked for: a table need not fit into memory."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Singles

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
        self._stored = _mapped(Path(path), name)

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


def _mapped(path: Path, name: str) -> NDArray[np.floating]:
    """Maps a tensor of a safetensors file: the length of its header in eight bytes, the header as JSON, the tensors."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[name]
    kind = {"F32": "<f4", "F16": "<f2"}.get(entry["dtype"])
    if kind is None or len(entry["shape"]) != 2:
        raise ValueError(f"Expected `{name}` to be a matrix of float32 or float16, but it is not")
    shape = tuple(entry["shape"])
    if 0 in shape:  # which cannot be mapped
        return np.empty(shape, dtype=kind)
    return np.memmap(path, kind, "r", 8 + length + entry["data_offsets"][0], shape)
