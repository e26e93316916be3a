"""Shapes of COCO's JSON against pycocotools, and against masks painted by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco
from pydantic import TypeAdapter, ValidationError

from groupseg.datasets.labelled import Item
from groupseg.datasets.shapes import Drawing, Painter, Segmentation, Shape, area, decode, run_lengths
from groupseg.errors import UserError
from groupseg.sources.tree import Folder
from tests.datasets.layouts import encoded


@st.composite
def noise(draw: st.DrawFn) -> np.ndarray:
    """Masks of any share of ones."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    return (rng.random(shape) < draw(st.floats(0, 1))).astype(np.uint8)


def runs(mask: np.ndarray) -> list[int]:
    """Counts down the columns, 0 first, one pixel after the other."""
    found, value = [0], 0
    for pixel in mask.ravel(order="F").tolist():
        if pixel != value:
            found.append(0)
            value = pixel
        found[-1] += 1
    return found


@settings(max_examples=50, deadline=None)
@given(noise())
def test_both_forms_of_run_lengths_give_the_mask_back(mask: np.ndarray) -> None:
    packed = encoded(mask)
    assert run_lengths(packed["counts"]).tolist() == runs(mask)
    for form in (packed, {"size": list(mask.shape), "counts": runs(mask)}):
        checked = TypeAdapter(Segmentation).validate_python(form)
        assert np.array_equal(decode(checked, *mask.shape, "a"), mask)
        assert area(checked, *mask.shape, "a") == mask.sum()


def test_long_runs_are_unpacked() -> None:
    mask = np.zeros((3000, 2000), np.uint8)
    mask[:, 700:1900] = 1
    assert run_lengths(encoded(mask)["counts"]).tolist() == [2_100_000, 3_600_000, 300_000]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(3, 6), min_size=1, max_size=3))
def test_polygons_are_what_pycocotools_draws(seed: int, corners: list[int]) -> None:
    rng = np.random.default_rng(seed)
    polygons = [rng.uniform(-5, 25, 2 * count).round(2).tolist() for count in corners]
    expected = coco.decode(coco.merge(coco.frPyObjects(polygons, 18, 20)))
    assert np.array_equal(decode(polygons, 18, 20, "a"), expected)


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_later_shapes_are_painted_over_earlier_ones(count: int, background: bool) -> None:
    masks = np.random.default_rng(count).integers(0, 2, (count, 7, 9))
    ground = 0 if background else 255
    shapes = [Shape(index % 4, encoded(mask), "a") for index, mask in enumerate(masks)]
    expected = np.full((7, 9), ground)
    for index, mask in enumerate(masks):
        for pixel in np.argwhere(mask):
            expected[tuple(pixel)] = index % 4 if index % 4 else ground
    item = Item("a", "a.jpg", Drawing(7, 9, shapes))
    assert np.array_equal(Painter(ground)(Folder(Path()), item).labels, expected)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        (encoded(np.ones((4, 6))), "the run-length encoding is 6x4 pixels, but the image is 4x6"),
        ({"size": [6, 4], "counts": [3, 2]}, "the runs cover 5 pixels, but the image has 24"),
        ({"size": [6, 4], "counts": [3, 200]}, "the runs cover 203 pixels"),
        ({"size": [6, 4], "counts": []}, "the runs cover 0 pixels"),
        ({"size": [6, 4], "counts": "52"}, "the runs cover 7 pixels"),
        # The fourth run is -16 pixels: a difference to the second.
        ({"size": [6, 4], "counts": "o?"}, "the runs cover"),
        ([], "has no segmentation"),
        ([[1, 1, 5, 5]], "a polygon has 4 numbers"),
        ([[1, 1, 5, 5, 2, 3, 4]], "a polygon has 7 numbers"),
        ([[1, 1, 1e9, 5, 2, 3]], "a polygon reaches far out of the image of 4x6"),
    ],
)
def test_shapes_that_do_not_fit_their_image_are_named(segmentation: object, message: str) -> None:
    checked = TypeAdapter(Segmentation).validate_python(segmentation)
    with pytest.raises(UserError, match=f"^annotation 7:? {message}"):
        decode(checked, 6, 4, "annotation 7")


@pytest.mark.parametrize("counts", ["", "p", "oo", "\n", "ooooooo0", "é", [-1], [1.5], [2**40]])
def test_what_is_no_run_length_encoding_is_no_shape(counts: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Segmentation).validate_json(json.dumps({"size": [1, 1], "counts": counts}))
