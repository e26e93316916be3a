"""No picture is calibrated on and judged, whatever it is called."""

from dataclasses import replace

import numpy as np
import pytest

from groupseg.datasets.content import pixel_digest
from groupseg.datasets.scenes import samples
from groupseg.errors import UserError
from groupseg.segments.table import SegmentTable
from groupseg.strategies.crossfit import image_folds
from stages.tables import check_held_out
from tests.tables import random_case

PROTOCOL = {"dataset": "d", "split": "test"}


def table(split: str, pictures: list[int], folds: int = 0) -> SegmentTable:
    """A table of images that show these pictures, named by split and place."""
    found = random_case(0, images=len(pictures)).table
    return replace(
        found,
        keys=tuple(f"{split}-{place}" for place in range(len(pictures))),
        digests=tuple(pixel_digest(np.full((2, 2, 3), picture, np.uint8)) for picture in pictures),
        protocol=PROTOCOL | {"split": split} | ({"crossfit": str(folds)} if folds else {}),
    )


def test_other_pictures_are_held_out() -> None:
    check_held_out(table("test", [1, 2, 3]), table("calib", [4, 5, 5]))


def test_one_picture_under_two_names_is_refused() -> None:
    message = "d: 2 images are in the calib and in the test split, such as test-1, which has the pixels of calib-0"
    with pytest.raises(UserError, match=message):
        check_held_out(table("test", [1, 2, 3]), table("calib", [2, 4, 3]))


def test_one_name_is_refused_where_pixels_are_not_known() -> None:
    test, calib = (replace(table(split, [1, 2]), digests=()) for split in ("test", "calib"))
    check_held_out(test, calib)
    with pytest.raises(UserError, match=r"1 images are in the calib and in the test split, such as calib-0\. Leave"):
        check_held_out(replace(test, keys=("calib-0", "test-1")), calib)


def test_copies_of_cross_fitted_pictures_must_be_in_one_fold() -> None:
    plain = table("test", list(range(12)), folds=2)
    fold = image_folds(plain.keys, 2)
    first, *same = np.flatnonzero(fold == fold[0])
    other = int(np.flatnonzero(fold != fold[0])[0])

    def with_copy(row: int) -> SegmentTable:
        digests = list(plain.digests)
        digests[row] = plain.digests[first]
        return replace(plain, digests=tuple(digests))

    check_held_out(plain, plain)
    check_held_out(with_copy(same[0]), with_copy(same[0]))
    with pytest.raises(
        UserError, match=f"1 images are in two folds, such as test-{other}, which has the pixels of test-0"
    ):
        check_held_out(with_copy(other), with_copy(other))


@pytest.mark.parametrize("name", ["scenes20", "scenes59", "scenes80"])
def test_drawn_splits_share_no_picture(name: str) -> None:
    digests = {split: {pixel_digest(one.image) for one in samples(name, split, 20, 0)} for split in ("calib", "test")}
    assert len(digests["calib"]) == len(digests["test"]) == 20
    assert not digests["calib"] & digests["test"]
