"""Label colours: black, distinct ones, white."""

import itertools

import numpy as np
import pytest

from groupseg.report.palette import paint, palette


def test_palette_is_black_then_distinct_colours_then_white() -> None:
    colours = palette(80).astype(int)
    assert colours.shape == (82, 3)
    assert colours[0].tolist() == [0, 0, 0]
    assert colours[-1].tolist() == [255, 255, 255]
    assert min(np.abs(a - b).max() for a, b in itertools.combinations(colours, 2)) >= 15


def test_a_label_has_one_colour_whatever_the_number_of_classes() -> None:
    np.testing.assert_array_equal(palette(20)[:21], palette(80)[:21])


@pytest.mark.parametrize("ignored", [255, 65535])
def test_paint_shows_background_black_and_ignored_white(ignored: int) -> None:
    picture = paint(np.array([[0, 1, 3, ignored]], dtype=np.int32), classes=3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[0], palette(3)[[0, 1, 3, 4]])
