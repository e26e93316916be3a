import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from groupseg.predict.overlay import FADE, LONGEST, SHORTEST, TINT, draw_overlay
from groupseg.predict.result import Result, name_segments
from groupseg.report.palette import palette

CLASSES = ("cat", "sofa", "tree house")


def result(labels: NDArray[np.int32], classes: tuple[str, ...] = CLASSES, grey: int = 100) -> Result:
    """Each label is a segment."""
    found, segments = np.unique(labels, return_inverse=True)
    segments = segments.reshape(labels.shape)
    named = name_segments(segments, found, np.maximum(found, 1), np.ones(len(found)), classes)
    return Result(np.full((*labels.shape, 3), grey, np.uint8), segments, named, classes, {})


def halves(height: int = 700, width: int = 900) -> NDArray[np.int32]:
    labels = np.zeros((height, width), np.int32)
    labels[:, width // 2 :] = 2
    return labels


def dark(picture: Image.Image) -> int:
    """Counts pixels of letters."""
    return int((np.asarray(picture.convert("L")) < 60).sum())


def test_classes_are_tinted_and_the_background_is_pale() -> None:
    picture = np.asarray(draw_overlay(result(halves()))).astype(int)
    np.testing.assert_allclose(picture[5, 5], (1 - FADE) * 100 + FADE * 255, atol=1)
    colour = palette(3)[2].astype(int)
    np.testing.assert_allclose(picture[5, -5], (1 - TINT) * 100 + TINT * colour, atol=1)


def test_a_white_line_runs_between_labels() -> None:
    picture = np.asarray(draw_overlay(result(halves())))[:700]
    white = (picture == 255).all(axis=2)
    assert white[:, 449:451].all()
    assert white[:100].sum() == 200


def test_the_legend_has_a_swatch_in_the_colour_of_each_class_in_the_image() -> None:
    picture = draw_overlay(result(halves()))
    legend = np.asarray(picture)[700:]
    colours = palette(3)
    assert (legend == colours[2]).all(axis=2).sum() > 150
    assert not (legend == colours[1]).all(axis=2).any()
    assert dark(picture.crop((0, 700, 900, picture.height))) > 50


@pytest.mark.parametrize(("size", "longest"), [((4, 8), SHORTEST), ((800, 400), 800), ((300, 5000), LONGEST)], ids=str)
def test_small_images_are_enlarged_and_large_ones_reduced(size: tuple[int, int], longest: int) -> None:
    picture = draw_overlay(result(np.zeros(size, np.int32)))
    height, width = (round(side * longest / max(size)) for side in size)
    assert picture.width == width
    assert height < picture.height < height + 100


@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1), (10, 20000)], ids=str)
def test_images_of_any_shape_have_an_overlay(size: tuple[int, int]) -> None:
    assert draw_overlay(result(np.ones(size, np.int32))).width >= 1


def test_a_class_is_named_on_the_image_where_its_name_fits() -> None:
    labels = np.zeros((700, 900), np.int32)
    labels[300:500, 500:800] = 1
    plain = draw_overlay(result(labels))
    assert dark(plain.crop((500, 300, 800, 500))) > 100
    assert dark(plain.crop((0, 0, 500, 700))) == 0
    narrow = np.zeros((700, 900), np.int32)
    narrow[:, 450:456] = 1
    assert dark(draw_overlay(result(narrow)).crop((0, 0, 900, 700))) == 0


def test_a_legend_of_many_classes_breaks_into_lines_and_ends() -> None:
    classes = tuple(f"a thing with a long name, number {number}" for number in range(300))
    few = draw_overlay(result(np.arange(10).repeat(640).reshape(10, 640).astype(np.int32), classes))
    many = draw_overlay(result((np.arange(640 * 10) % 301).reshape(10, 640).astype(np.int32), classes))
    assert 10 + 9 * 26 < few.height < many.height < 10 + 26 * 26


def test_letters_of_other_scripts_are_drawn() -> None:
    def shape(name: str) -> bytes:
        return np.asarray(draw_overlay(result(np.ones((4, 640), np.int32), (name,))))[4:].tobytes()

    assert len({shape(name) for name in ("кот", "дом", "γάτα", "Löwe", "Lowe")}) == 5
