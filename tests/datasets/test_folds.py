"""Folds that follow from names alone, and how many of them some images are enough for."""

from hypothesis import given
from hypothesis import strategies as st

from groupseg.datasets.folds import are_enough, choose_folds, image_folds, too_few

KEYS = st.lists(st.text(min_size=1, max_size=3), max_size=8, unique=True)


@given(KEYS, st.integers(2, 6))
def test_images_are_enough_where_each_fold_leaves_some_and_fold_0_has_some(keys: list[str], folds: int) -> None:
    found = image_folds(keys, folds).tolist()
    outside = [sum(fold != number for fold in found) for number in range(folds)]
    assert are_enough(keys, folds) == (min(outside) > 0 and 0 in found)


@given(KEYS)
def test_what_is_chosen_is_enough_and_no_larger_number_up_to_5_is(keys: list[str]) -> None:
    chosen = choose_folds(keys)
    assert [folds for folds in (2, 3, 4, 5) if are_enough(keys, folds)][-1:] == ([chosen] if chosen else [])
    assert (f"crossfit: {chosen}" in too_few(keys)) == (chosen is not None)


def test_many_images_are_enough_for_5() -> None:
    assert choose_folds([str(index) for index in range(60)]) == 5
    assert choose_folds(["a"]) is None
