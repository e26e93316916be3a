"""From mask values to labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.datasets.masks import relabel, value_labels
from groupseg.datasets.sample import ignore_value
from groupseg.errors import UserError


def labels(values: list[int], known: dict[int, int]) -> list[int]:
    return relabel(np.array([values], np.int32), known, "masks/a.png")[0].tolist()


def test_with_background_values_are_labels() -> None:
    known = value_labels(2, first=1, background=True, ignored=[255])
    assert labels([0, 1, 2, 255], known) == [0, 1, 2, 255]


def test_without_background_labels_start_at_one() -> None:
    assert labels([0, 1, 255], value_labels(2, first=0, background=False, ignored=[255])) == [1, 2, 255]
    assert labels([0, 1, 2], value_labels(2, first=1, background=False, ignored=[0])) == [255, 1, 2]


@pytest.mark.parametrize(
    ("classes", "first", "ignored", "values", "expected"),
    [
        (254, 1, 255, [254, 255], [254, 255]),
        (254, 0, 255, [253, 255], [254, 255]),
        # The last class list whose files fit 8 bits, though its labels do not.
        (255, 0, 255, [254, 255], [255, 65535]),
        (255, 1, 65535, [255, 65535], [255, 65535]),
        (300, 0, 65535, [255, 299, 65535], [256, 300, 65535]),
    ],
)
def test_ignored_pixels_of_long_class_lists(
    classes: int, first: int, ignored: int, values: list[int], expected: list[int]
) -> None:
    assert labels(values, value_labels(classes, first, background=False, ignored=[ignored])) == expected
    assert ignore_value(classes) == (255 if classes <= 254 else 65535)


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (value_labels(3, 1, True, [255]), r"outside the class list \(0\.\.3, and 255 = ignore\)"),
        (value_labels(3, 0, False, [255]), r"outside the class list \(0\.\.2, and 255 = ignore\)"),
        ({0: 255, 1: 1, 3: 2, 4: 3}, r"outside the class list \(1, 3\.\.4, and 0 = ignore\)"),
        ({0: 0, 1: 1}, r"outside the class list \(0\.\.1\)"),
    ],
)
def test_values_outside_the_class_list_are_named(known: dict[int, int], text: str) -> None:
    with pytest.raises(UserError, match=rf"^masks/a.png holds -1, 200, {text}\. Mend the mask, or list the class"):
        labels([1, -1, 200, 200], known)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.integers(0, 300), st.integers(0, 300), min_size=1), st.data())
def test_every_value_gets_its_label(known: dict[int, int], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.sampled_from(sorted(known)), min_size=1))
    assert labels(values, known) == [known[value] for value in values]
