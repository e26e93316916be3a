"""Overlays of windows against pixels compared one by one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from groupseg.networks.frame import Windows
from groupseg.segments.overlay import combine, compact, nearest, overlay


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 30), width=st.integers(1, 30), crop=st.integers(1, 20), seed=st.integers(0, 99),
    data=st.data(),
)  # fmt: skip
def test_segments_are_what_shares_the_groups_of_all_windows(
    height: int, width: int, crop: int, seed: int, data: st.DataObject
) -> None:
    frame = Windows(short=1, long=1, crop=crop, stride=data.draw(st.integers(max(crop // 4, 1), crop)))
    boxes, random = frame.boxes(height, width), np.random.default_rng(seed)
    groups = random.integers(1, 5, len(boxes)).tolist()
    maps = [random.integers(0, count, box.size) for count, box in zip(groups, boxes, strict=True)]
    segments, members = overlay((height, width), boxes, maps, groups)
    first = np.append(0, np.cumsum(groups))
    expected: dict[tuple[int, ...], set[int]] = {}
    for row in range(height):
        for column in range(width):
            over = tuple(
                int(first[index] + maps[index][row - box.top, column - box.left])
                for index, box in enumerate(boxes)
                if box.top <= row < box.bottom and box.left <= column < box.right
            )
            expected.setdefault(over, set()).add(int(segments[row, column]))
    assert all(len(found) == 1 for found in expected.values())
    assert members.shape == (len(expected), first[-1])
    for over, (segment,) in ((over, tuple(found)) for over, found in expected.items()):
        np.testing.assert_array_equal(members[[segment]].indices, over)


def test_combinations_are_numbered_in_their_order() -> None:
    maps = [np.array([[2, 0, 1], [2, 0, 1]]), np.array([[0, 0, 4], [1, 0, 4]])]
    combined, held = combine(maps, [3, 5])
    np.testing.assert_array_equal(combined, [[2, 0, 1], [3, 0, 1]])
    np.testing.assert_array_equal(held, [[0, 0], [1, 4], [2, 0], [2, 1]])


@pytest.mark.parametrize("bound", [10, 10**15])
def test_codes_are_numbered_alike_by_table_and_by_sorting(bound: int) -> None:
    codes = np.random.default_rng(0).integers(0, 10, (3, 4)) * (bound // 10)
    numbers, kept = compact(codes, bound)
    np.testing.assert_array_equal(kept, np.unique(codes))
    np.testing.assert_array_equal(kept[numbers], codes)


@settings(max_examples=40, deadline=None)
@given(sides=st.tuples(*[st.integers(1, 40)] * 4))
def test_the_nearest_pixel_is_that_of_torch(sides: tuple[int, int, int, int]) -> None:
    old, new = sides[:2], sides[2:]
    segments = np.arange(old[0] * old[1]).reshape(old)
    expected = F.interpolate(torch.tensor(segments)[None, None].double(), size=new, mode="nearest-exact")[0, 0]
    # Torch rounds: a centre that lies on an edge between two pixels may fall on either side.
    rows, columns = ((2 * np.arange(n) + 1) * o % (2 * n) != 0 for o, n in zip(old, new, strict=True))
    found = nearest(segments, new)[np.ix_(rows, columns)]
    np.testing.assert_array_equal(found, expected.numpy()[np.ix_(rows, columns)])
