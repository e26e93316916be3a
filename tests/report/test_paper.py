"""Sheets of pictures and words."""

from pathlib import Path

import numpy as np
from PIL import Image

from groupseg.report.paper import SMALL, Paper


def pixels(paper: Paper) -> np.ndarray:
    return np.asarray(paper.image).astype(int)


def test_a_picture_lies_where_it_was_put_with_a_line_around_it() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (7, 5, 3), dtype=np.uint8)
    paper = Paper(20, 15)
    paper.picture(3, 4, picture)
    found = pixels(paper)
    np.testing.assert_array_equal(found[4:11, 3:8], picture)
    ring = found[3:12, 2:9].copy()
    ring[1:-1, 1:-1] = ring[0, 0]
    assert (ring == ring[0, 0]).all()
    found[3:12, 2:9] = 255
    assert (found == 255).all()


def test_words_take_as_much_room_as_is_said() -> None:
    paper = Paper(300, 40)
    width = paper.write(10, 10, "hot air balloon", SMALL)
    inked = np.flatnonzero((pixels(paper) < 255).any(axis=(0, 2)))
    assert abs(inked[0] - 10) <= 1
    assert abs(inked[-1] - (10 + width)) <= 2


def test_a_swatch_is_a_square_of_its_colour() -> None:
    paper = Paper(20, 20)
    paper.swatch(2, 3, (10, 200, 30))
    assert np.argwhere((pixels(paper) == (10, 200, 30)).all(axis=-1)).tolist() == [
        [y, x] for y in range(3, 12) for x in range(2, 11)
    ]


def test_equal_sheets_are_equal_bytes_and_near_what_was_drawn(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    paper = Paper(64, 64)
    paper.picture(0, 0, np.repeat(random.integers(0, 255, (8, 8, 3), dtype=np.uint8), 8, axis=0).repeat(8, axis=1))
    for name in ("a.png", "b.png"):
        paper.save(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    read = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    assert np.abs(read - pixels(paper)).max() < 32
