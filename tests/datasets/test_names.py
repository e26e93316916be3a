"""Class lists, split lists, and the draw of calibration images."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.datasets.names import check_disjoint, class_list, draw_names, read_lines
from groupseg.errors import UserError
from groupseg.sources.tree import open_tree

NAMES = [f"image {index}" for index in range(40)]


@pytest.mark.parametrize(
    ("name", "count", "some"),
    [
        ("voc", 20, {0: "aeroplane", 10: "diningtable", 15: "pottedplant", 19: "tvmonitor"}),
        ("context", 59, {0: "aeroplane", 38: "platform", 39: "pottedplant", 58: "wood"}),
        ("coco_object", 80, {0: "person", 11: "stop sign", 79: "toothbrush"}),
        ("coco_stuff", 171, {79: "toothbrush", 80: "banner", 84: "building-other", 170: "wood"}),
        ("ade20k", 150, {0: "wall", 44: "chest of drawers", 149: "flag"}),
        ("cityscapes", 19, {0: "road", 6: "traffic light", 18: "bicycle"}),
    ],
)
def test_published_class_lists_hold_the_official_names_in_their_order(
    name: str, count: int, some: dict[int, str]
) -> None:
    classes = class_list(name)
    assert len(set(classes)) == len(classes) == count
    assert {index: classes[index] for index in some} == some


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"val\.txt is missing"):
        read_lines(open_tree(tmp_path), "val.txt")


def test_lists_that_overlap_are_refused() -> None:
    check_disjoint(["x"], ["y"], "a.txt", "b.txt")
    with pytest.raises(UserError, match=r"^a\.txt and b\.txt overlap: b, c, d, e, f and 2 more in both"):
        check_disjoint("abcdefgh", "bcdefghi", "a.txt", "b.txt")


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000), st.randoms())
def test_the_draw_does_not_depend_on_order(count: int, seed: int, random: object) -> None:
    shuffled = random.sample(NAMES, len(NAMES))
    drawn = draw_names(NAMES, count, seed)
    assert drawn == draw_names(shuffled, count, seed)
    assert len(set(drawn)) == count
    assert set(drawn) <= set(NAMES)


def test_the_draw_follows_the_seed_and_barely_the_other_images() -> None:
    assert draw_names(NAMES, 20, 0) != draw_names(NAMES, 20, 1)
    assert len(set(draw_names(NAMES, 20, 0)) - set(draw_names([*NAMES, "new"], 20, 0))) <= 1


def test_a_share_is_a_share_of_all() -> None:
    assert len(draw_names(NAMES, 0.25, 0)) == 10


def test_more_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(UserError, match="41 images asked for, but there are 40"):
        draw_names(NAMES, 41, 0)
