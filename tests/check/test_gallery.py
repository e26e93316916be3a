import base64
import io
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from groupseg.check.gallery import PICTURE_SIDE, choose_shown, coloured_mask, render_picture
from groupseg.check.survey import Survey, SurveySplit, survey
from groupseg.datasets.writer import write_samples
from groupseg.report.palette import palette
from tests.check.conftest import SPLITS, labelled, photograph


def decoded(uri: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition("base64,")[2]))))


def split_of(shows: NDArray[np.bool_]) -> SurveySplit:
    pixels = np.pad(shows.astype(np.int64), [(0, 0), (1, 1)])
    names = tuple(f"n{row}" for row in range(len(shows)))
    return SurveySplit(names, names, np.ones((len(shows), 2), np.int64), pixels)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), images=st.integers(1, 30), count=st.integers(1, 12))
def test_chosen_images_show_as_many_classes_as_a_greedy_cover(seed: int, images: int, count: int) -> None:
    shows = np.random.default_rng(seed).random((images, 8)) < 0.15
    rows = choose_shown(split_of(shows), count)
    assert rows == sorted(set(rows))
    assert len(rows) == min(images, count)
    covered: set[int] = set()
    for _ in range(count):
        covered |= max((set(np.flatnonzero(row)) - covered for row in shows), key=len)
    assert set(np.flatnonzero(shows[rows].any(axis=0))) >= covered


def test_rare_classes_are_shown_and_the_rest_is_spread() -> None:
    shows = np.zeros((101, 2), bool)
    shows[:, 0] = True
    shows[37, 1] = True
    assert choose_shown(split_of(shows), 5) == [0, 33, 37, 67, 100]


def test_background_is_clear_ignored_pixels_are_veiled_and_borders_firm() -> None:
    mask = np.zeros((8, 9), np.int32)
    mask[:, 3:6], mask[:, 6:] = 2, 255
    found = coloured_mask(mask, 3)
    assert (found.shape, found.dtype) == ((8, 9, 4), np.uint8)
    assert not found[:, :3, 3].any()
    assert (found[:, 3:6, :3] == palette(3)[2]).all()
    assert (found[:, [3, 5], 3] == 255).all()
    assert (found[:, 4, 3] < 255).all()
    assert (found[:, 6:] == [255, 255, 255, 205]).all()


def test_a_picture_shows_image_and_mask_at_one_size(pets: Survey) -> None:
    shown = render_picture(pets, "calib", 1)
    sample = SPLITS["calib"][1]
    assert shown.name == "photo 1"
    assert set(shown.labels) == {0, 1, 2}
    factor = PICTURE_SIDE // 80
    assert (shown.height, shown.width) == (60 * factor, 80 * factor)
    image, mask = decoded(shown.source), decoded(shown.mask)
    assert image.shape == (shown.height, shown.width, 3)
    assert np.abs(image[::factor, ::factor].astype(int) - sample.image).mean() < 6
    np.testing.assert_array_equal(mask, coloured_mask(sample.mask.repeat(factor, 0).repeat(factor, 1), 4))


def test_large_pictures_become_smaller(tmp_path: Path) -> None:
    splits = {
        name: [labelled(row, 1, 2, image=photograph(row, (600, 301)))] for row, name in enumerate(("test", "calib"))
    }
    write_samples(tmp_path / "data/prepared/tall", ("cat", "dog"), False, splits, {})
    shown = render_picture(survey(tmp_path, "tall"), "test", 0)
    assert (shown.width, shown.height) == (144, PICTURE_SIDE)
    # Labels have nothing between them, so that no colour is mixed.
    colours = {tuple(colour) for colour in decoded(shown.mask)[..., :3].reshape(-1, 3).tolist()}
    assert colours == {tuple(colour) for colour in palette(2)[1:3].tolist()}
