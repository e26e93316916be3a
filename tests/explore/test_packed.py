import numpy as np
import pytest

from groupseg.explore.packed import pack, smallest
from tests.explore.unpacked import unpack


def test_everything_comes_back_as_it_was() -> None:
    value = {
        "names": ["a", "ü"], "nothing": float("nan"), "half": np.float64(0.5), "seven": np.int64(7), "empty": [],
        "nested": [{"numbers": np.arange(3, dtype=np.uint16)}, (1, 2)],
        "more": np.array([[0.5, -1], [2, 3]], np.float32)[:, 1],
    }  # fmt: skip
    found = unpack(pack(value))
    np.testing.assert_array_equal(found["nested"][0].pop("numbers"), [0, 1, 2])
    np.testing.assert_array_equal(found.pop("more"), [-1, 3])
    assert found == {"names": ["a", "ü"], "nothing": None, "half": 0.5, "seven": 7, "empty": [], "nested": [{}, [1, 2]]}


def test_equal_values_are_equal_text() -> None:
    assert pack({"a": np.arange(5, dtype=np.uint8)}) == pack({"a": np.arange(5, dtype=np.uint8)})


def test_an_array_of_a_type_that_the_page_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="int64"):
        pack([np.zeros(2, np.int64)])


@pytest.mark.parametrize(("highest", "kind"), [(255, "u1"), (256, "u2"), (65536, "u4"), (2**40, "f8")])
def test_numbers_take_the_smallest_type(highest: int, kind: str) -> None:
    assert smallest(np.array([0, highest])).dtype == kind
    assert smallest(np.array([], np.int64)).dtype == "u1"
