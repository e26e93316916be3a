"""Class lists, split lists, and the draw of calibration images."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.datasets.names import VOC_CLASSES, check_disjoint, draw, read_classes, read_lines
from groupseg.errors import UserError

NAMES = [f"image {index}" for index in range(40)]


def test_voc_has_the_names_that_groupvit_uses() -> None:
    assert len(set(VOC_CLASSES)) == 20
    assert {"table", "plant", "monitor", "motorbike"} < set(VOC_CLASSES)


@pytest.mark.parametrize(
    ("text", "classes", "background"),
    [
        (b"cat\ndog\n", ("cat", "dog"), False),
        (b"background\ncat\n\n", ("cat",), True),
        (b"\xef\xbb\xbfBackground\r\ncaf\xc3\xa9 table\r\n", ("café table",), True),
    ],
)
def test_class_lists(tmp_path: Path, text: bytes, classes: tuple[str, ...], background: bool) -> None:
    (tmp_path / "classes.txt").write_bytes(text)
    assert read_classes(tmp_path / "classes.txt") == (classes, background)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"cat\ndog\ncat\n", "cat named more than once"),
        (b"cat\n\ndog\n", "line 2 is blank"),
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"caf\xe9\n", r"is not UTF-8 \(byte 3\). Save it as UTF-8"),
        (b"cat\nbackground\n", "background must be the first line"),
        (b"background\n", "names no class but background"),
    ],
)
def test_faulty_class_lists_are_named(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_bytes(text)
    with pytest.raises(UserError, match=f"^{path}.*{message}"):
        read_classes(path)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"val\.txt is missing"):
        read_lines(tmp_path / "val.txt")


def test_lists_that_overlap_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\ny\n")
    (tmp_path / "b.txt").write_text("z\ny\n")
    with pytest.raises(UserError, match=r"a\.txt and .*b\.txt overlap: y in both"):
        check_disjoint(tmp_path / "a.txt", tmp_path / "b.txt")


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000), st.randoms())
def test_the_draw_does_not_depend_on_order(count: int, seed: int, random: object) -> None:
    shuffled = random.sample(NAMES, len(NAMES))
    drawn = draw(NAMES, count, seed)
    assert drawn == draw(shuffled, count, seed)
    assert len(set(drawn)) == count
    assert set(drawn) <= set(NAMES)


def test_the_draw_follows_the_seed_and_barely_the_other_images() -> None:
    assert draw(NAMES, 20, 0) != draw(NAMES, 20, 1)
    assert len(set(draw(NAMES, 20, 0)) - set(draw([*NAMES, "new"], 20, 0))) <= 1


def test_a_share_is_a_share_of_all() -> None:
    assert len(draw(NAMES, 0.25, 0)) == 10


def test_more_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(UserError, match="41 images asked for, but there are 40"):
        draw(NAMES, 41, 0)
