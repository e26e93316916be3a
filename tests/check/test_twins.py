import io
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from groupseg.check.twins import Print, find_twins, fingerprint
from tests.check.conftest import photograph, smaller


def compressed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=40)
    return np.asarray(Image.open(file))


def test_copies_are_found_and_nothing_else_is() -> None:
    originals = [photograph(seed) for seed in range(40)]
    copies = [smaller(originals[3]), compressed(originals[8]), originals[11], smaller(compressed(originals[20]))]
    found = find_twins([fingerprint(image) for image in (*originals, *copies)])
    assert found == [(3, 40), (8, 41), (11, 42), (20, 43)]


def test_equal_pixels_and_no_others_have_one_digest() -> None:
    image = photograph(0)
    assert fingerprint(image).digest == fingerprint(image.copy()).digest
    assert fingerprint(image).digest != fingerprint(compressed(image)).digest
    tall = np.zeros((4, 2, 3), np.uint8)
    assert fingerprint(tall).digest != fingerprint(tall.transpose(1, 0, 2)).digest


@settings(max_examples=40, deadline=None)
@given(
    hashes=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6),
    flips=st.lists(st.tuples(st.integers(0, 5), st.sets(st.integers(0, 63), max_size=9)), max_size=8),
)
def test_each_picture_is_behind_its_first_twin(hashes: list[int], flips: list[tuple[int, set[int]]]) -> None:
    for which, bits in flips:
        changed = hashes[which % len(hashes)]
        hashes.append(changed ^ sum(1 << bit for bit in bits))
    grey = np.zeros((16, 16), np.uint8)
    first: dict[int, int] = {}
    for one, other in combinations(range(len(hashes)), 2):
        if (hashes[one] ^ hashes[other]).bit_count() <= 6:
            first.setdefault(other, one)
    found = find_twins([Print(str(place), phash, grey) for place, phash in enumerate(hashes)])
    assert found == [(first[other], other) for other in sorted(first)]


def test_pictures_of_one_hash_that_look_different_are_no_twins() -> None:
    dark, bright = np.zeros((16, 16), np.uint8), np.full((16, 16), 200, np.uint8)
    assert find_twins([Print("a", 5, dark), Print("b", 5, bright), Print("c", 5, dark)]) == [(0, 2)]


def test_many_equal_pictures_take_no_time() -> None:
    black = fingerprint(np.zeros((4, 4, 3), np.uint8))
    assert find_twins([fingerprint(photograph(0)), *[black] * 20_000]) == [(1, place) for place in range(2, 20_001)]


@pytest.mark.parametrize("count", [0, 1])
def test_few_pictures_have_no_twins(count: int) -> None:
    assert find_twins([fingerprint(photograph(0))] * count) == []
