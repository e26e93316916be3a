"""Rows of a file: they are the matrix, and nothing that is not asked for is read."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from groupseg.segments.rows import Rows, at, mapped


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(50, 4)).astype(np.float32)
    tensors = {"odd": np.ones(3, dtype=np.uint8), "x": matrix, "half": matrix.astype(np.float16)}
    save_file({**tensors, "none": np.empty((0, 4), dtype=np.float32), "counts": np.ones((2, 2), dtype=np.int64)},
              tmp_path / "file", {"about": "something"})  # fmt: skip
    return tmp_path / "file"


@pytest.mark.parametrize("name", ["x", "half"])
def test_slices_are_those_of_the_matrix(stored: Path, name: str) -> None:
    whole = Rows(stored, name)[:]
    assert whole.dtype == np.float32
    assert type(whole) is np.ndarray
    np.testing.assert_allclose(whole, Rows(stored, "x")[:], atol=2e-3)
    for index in (None, np.array([5, 3, 49, 3])):
        rows = Rows(stored, name) if index is None else Rows(stored, name).at(index)
        expected = whole if index is None else whole[index]
        assert rows.shape == expected.shape
        assert len(rows) == len(expected)
        np.testing.assert_array_equal(rows[1:3], expected[1:3])
        np.testing.assert_array_equal(np.asarray(rows), expected)
        np.testing.assert_array_equal(rows.at(np.array([2, 0]))[:], expected[[2, 0]])
        np.testing.assert_array_equal(at(rows, np.array([1]))[:], at(expected, np.array([1])))


def test_a_pickle_is_small_and_reads_the_same(stored: Path) -> None:
    rows = Rows(stored, "x").at(np.arange(10, 20))
    content = pickle.dumps(rows)
    assert len(content) < 1000
    np.testing.assert_array_equal(pickle.loads(content)[:], rows[:])


def test_no_rows_and_no_matrix(stored: Path) -> None:
    assert Rows(stored, "none")[:].shape == (0, 4)
    assert Rows(stored, "x").at(np.arange(0))[:].shape == (0, 4)
    for name, said in (("odd", "to be of F32, F16, I32, I64"), ("counts", "to be a matrix")):
        with pytest.raises(ValueError, match=f"`{name}` {said}"):
            Rows(stored, name)


def test_mapped_arrays_are_those_of_the_file_and_cannot_be_changed(stored: Path) -> None:
    names = ("x", "half", "none", "counts")
    found = mapped(stored, [*names, "missing"])
    with safe_open(stored, framework="numpy") as file:
        for name in names:
            np.testing.assert_array_equal(found[name], file.get_tensor(name))
            assert found[name].dtype == file.get_tensor(name).dtype
    assert set(found) == set(names)
    assert not found["counts"].flags.writeable
