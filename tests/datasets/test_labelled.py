"""From mask values to labels."""

from pathlib import Path

import numpy as np
import pytest

from groupseg.datasets.labelled import to_labels
from groupseg.datasets.sample import ignore_value, sample_key
from groupseg.errors import UserError

MASK = Path("masks/a.png")


def labels(values: list[int], classes: int, background: bool) -> list[int]:
    return to_labels(np.array([values], np.int32), classes, background, MASK)[0].tolist()


def test_with_background_values_are_labels() -> None:
    assert labels([0, 1, 2, 255], 2, True) == [0, 1, 2, 255]


def test_without_background_labels_start_at_one() -> None:
    assert labels([0, 1, 255], 2, False) == [1, 2, 255]


@pytest.mark.parametrize(
    ("classes", "background", "values", "expected"),
    [
        (254, True, [254, 255], [254, 255]),
        (254, False, [253, 255], [254, 255]),
        # The last class list whose files fit 8 bits, though its labels do not.
        (255, False, [254, 255], [255, 65535]),
        (255, True, [255, 65535], [255, 65535]),
        (300, False, [255, 299, 65535], [256, 300, 65535]),
    ],
)
def test_ignored_pixels_of_long_class_lists(
    classes: int, background: bool, values: list[int], expected: list[int]
) -> None:
    assert labels(values, classes, background) == expected
    assert ignore_value(classes) == (255 if classes <= 254 else 65535)


@pytest.mark.parametrize("background", [True, False])
def test_values_outside_the_class_list_are_named(background: bool) -> None:
    top = 2 + background
    with pytest.raises(
        UserError, match=rf"^masks/a.png holds {top}, 200, outside the class list \(0\.\.{top - 1}, and 255"
    ):
        labels([0, top, 200, 255], 2, background)


def test_keys_hold_neither_dot_nor_slash_and_never_meet() -> None:
    names = ["a.b", "a/b", "a%2Eb", "a%2Fb", "ab", "ä b"]
    keys = [sample_key(name) for name in names]
    assert keys[:3] == ["a%2Eb", "a%2Fb", "a%252Eb"]
    assert len(set(keys)) == len(names)
    assert not any(set("./") & set(key) for key in keys)
