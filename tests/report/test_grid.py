import numpy as np
import pytest

from groupseg.report.album import Example
from groupseg.report.grid import CELL, GAP, GRID_MARGIN, GRID_WIDTH, PictureGrid, tiles
from groupseg.report.palette import palette


def example(height: int, width: int, classes: int = 3) -> Example:
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    maps = tuple(random.integers(0, classes + 1, (height, width)).astype(np.int32) for _ in range(4))
    maps[0][0] = 255
    return Example(image, maps, (0.251, 0.5))


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((96, 96), (192, 192)),
        ((50, 80), (100, 160)),
        ((375, 500), (144, 192)),
        ((500, 20), (192, 8)),
        ((1, 999), (1, 192)),
    ],
)
def test_pictures_keep_their_shape_and_fit_the_cell(size: tuple[int, int], shown: tuple[int, int]) -> None:
    one = example(*size)
    for picture in tiles(one.image, one.maps, 3, 192):
        assert picture.shape[:2] == shown


def test_small_images_are_shown_pixel_by_pixel_in_the_colours_of_their_labels() -> None:
    one = example(96, 96)
    image, truth, *_ = tiles(one.image, one.maps, 3, 192)
    np.testing.assert_array_equal(image[::2, ::2], one.image)
    np.testing.assert_array_equal(truth[1::2, 1::2], palette(3)[np.minimum(one.maps[0], 4)])


def test_pictures_stand_in_the_sheet_side_by_side() -> None:
    one, grid = example(96, 96), PictureGrid("")
    grid.example(one, ("a", "b", "c"))
    pixels = np.asarray(grid.draw().image)
    for column, picture in enumerate(tiles(one.image, one.maps, 3, CELL)):
        left = GRID_MARGIN + column * (CELL + GAP)
        np.testing.assert_array_equal(pixels[:CELL, left : left + CELL], picture)


def test_texts_name_columns_labels_shares_and_credit(written: list[tuple[float, str, float]]) -> None:
    grid = PictureGrid("Artwork: somebody", "a note")
    grid.heading(("one", "two"), ("", "below"))
    grid.example(example(40, 40), ("cat", "dog", "$b$ird"))
    grid.draw()
    texts = [text for _, text, _ in written]
    for word in ("one", "two", "below", "background", "cat", "dog", "$b$ird", "Artwork: somebody", "a note"):
        assert word in texts
    assert "pixels right: 25 % → 50 %" in texts


def test_a_legend_that_is_too_long_says_how_many_are_left(written: list[tuple[float, str, float]]) -> None:
    grid = PictureGrid("")
    grid.example(example(40, 40, classes=40), tuple(f"a rather long name {index}" for index in range(40)))
    assert grid.draw().image.width == GRID_WIDTH
    named = [(x, width) for x, text, width in written if text.startswith(("a rather", "background"))]
    (rest,) = [text for _, text, _ in written if text.startswith("+")]
    assert len(named) + int(rest) == 41
    (share,) = [x - width for x, text, width in written if text.startswith("pixels")]  # written to the left of x
    assert all(x + width < share for x, width in named)
