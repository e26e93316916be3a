from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from groupseg.errors import UserError
from groupseg.io.arrays import open_arrays, write_arrays

ARRAYS = {
    "turned": np.arange(12, dtype=np.float32).reshape(3, 4).T,
    "every second": np.arange(10)[::2],
    "number": np.float32(3),
    "none": np.empty((0, 4), np.int32),
}
ABOUT = {"names": ["ä", "b"], "count": 2}


@pytest.mark.parametrize("at_once", [True, False])
def test_arrays_come_back_as_safetensors_reads_them(tmp_path: Path, at_once: bool) -> None:
    path = tmp_path / "a.safetensors"
    write_arrays(path, {name: np.asarray(array) for name, array in ARRAYS.items()}, "kind", ABOUT, at_once)
    with safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == set(ARRAYS)
        for name, array in ARRAYS.items():
            found = file.get_tensor(name)
            assert (found.shape, found.dtype) == (np.shape(array), np.asarray(array).dtype)
            np.testing.assert_array_equal(found, array)
    with open_arrays(path, "kind", "is none") as (_, about):
        assert about == ABOUT
    write_arrays(tmp_path / "b.safetensors", dict(reversed(ARRAYS.items())), "kind", ABOUT, not at_once)
    assert (tmp_path / "b.safetensors").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"a\.safetensors is missing\. Run `dvc repro`, which makes it\.$"),
        (b"", r"a\.safetensors holds no table \(SafetensorError: .*\)\. Make it again\.$"),
        (b"\x02" + bytes(7) + b"{}", r"a\.safetensors holds no table \(KeyError: 'kind'\)\. Make it again\.$"),
    ],
    ids=["missing", "empty", "another"],
)
def test_what_is_no_such_file_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "a.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message), open_arrays(path, "kind", "holds no table", "Make it again."):
        pass
