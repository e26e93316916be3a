"""Draws of calibration images, and what is fitted on them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.segments.table import SegmentTable
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.registry import build
from groupseg.studies.draws import nested_draws
from groupseg.studies.learning import LEARNING_COLUMNS, learning_curve
from tests.tables import miou_from_maps, random_case

CALIB, TEST = random_case(0, images=12), replace(random_case(1, images=8), vocabulary=random_case(0).vocabulary)


def strategies() -> dict[str, Strategy]:
    params = {
        "fixed": {"rule": "fixed", "threshold": 0.5},
        "cosine": {"rule": "threshold", "score": "cosine"},
        "per_class": {"rule": "per_class"},
        "relative": {"rule": "relative", "by": "mean_std"},
    }
    return {name: build(entry) for name, entry in params.items()}


def curve(calib: SegmentTable = CALIB.table, **changes: object) -> pd.DataFrame:
    arguments = {"sizes": [2, 5], "draws": 3, "seed": 0, "workers": 1} | changes
    rows = learning_curve(strategies(), calib, TEST.table, CALIB.vocabulary, **arguments)
    return pd.DataFrame(rows, columns=LEARNING_COLUMNS)


def test_every_strategy_has_every_draw_and_all_images_once() -> None:
    found = curve(sizes=[5, 2, 12, 50])
    assert list(found.columns) == ["strategy", "images", "draw", "miou"]
    expected = [(images, draw) for images in (2, 5) for draw in range(3)] + [(12, 0)]
    assert list(found.strategy.unique()) == list(strategies())
    for _, rows in found.groupby("strategy"):
        assert list(zip(rows.images, rows.draw, strict=True)) == expected


@pytest.mark.parametrize("name", ["cosine", "per_class", "relative"])
def test_a_cell_is_a_fit_on_the_first_images_of_the_shuffle(name: str) -> None:
    images = np.random.default_rng([7, 2]).permutation(12)[:5]
    strategy = strategies()[name].fit(CALIB.table.subset(np.sort(images)), CALIB.vocabulary)
    expected = miou_from_maps(TEST, strategy.predict(TEST.table, CALIB.vocabulary))
    found = curve(seed=7).set_index(["strategy", "images", "draw"]).miou
    assert found[name, 5, 2] == pytest.approx(expected, abs=1e-12)


def test_all_images_are_the_calibration() -> None:
    found = curve().set_index(["strategy", "images", "draw"]).miou
    for name, strategy in strategies().items():
        labels = strategy.fit(CALIB.table, CALIB.vocabulary).predict(TEST.table, CALIB.vocabulary)
        assert found[name, 12, 0] == pytest.approx(miou_from_maps(TEST, labels), abs=1e-12)


def test_the_number_of_processes_changes_nothing() -> None:
    pd.testing.assert_frame_equal(curve(workers=1), curve(workers=2), check_exact=True)


def test_other_sizes_and_more_draws_change_nothing_in_the_rest() -> None:
    keys = ["strategy", "images", "draw"]
    few, many = curve().set_index(keys).miou, curve(sizes=[2, 3, 5], draws=4).set_index(keys).miou
    pd.testing.assert_series_equal(few, many[few.index], check_exact=True)


def test_strategies_are_left_as_they_are() -> None:
    given_ = strategies()
    learning_curve(given_, CALIB.table, TEST.table, CALIB.vocabulary, [2], 1, 0, 1)
    assert not hasattr(given_["cosine"], "threshold")


def test_a_draw_too_small_to_fit_is_not_a_number() -> None:
    pixels = CALIB.table.histogram.toarray()
    pixels[CALIB.table.image != 3] = 0  # Only one image is labelled.
    found = curve(replace(CALIB.table, histogram=csr_array(pixels)), sizes=[4], draws=6)
    labelled = [3 in np.random.default_rng([0, draw]).permutation(12)[:4] for draw in range(6)]
    assert 0 < sum(labelled) < 6
    for name, rows in found.groupby("strategy"):
        assert list(rows.miou.notna()) == ([True] * 7 if name == "fixed" else [*labelled, True])


def test_no_labelled_pixel_in_all_images_is_an_error() -> None:
    table = replace(CALIB.table, histogram=csr_array(CALIB.table.histogram.shape, dtype=np.int64))
    with pytest.raises(UserError, match="nothing to calibrate on"):
        curve(table)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 30), sizes=st.lists(st.integers(1, 40)), draws=st.integers(1, 4), seed=st.integers(0, 9))
def test_draws_are_nested_and_distinct(count: int, sizes: list[int], draws: int, seed: int) -> None:
    drawn = list(nested_draws(count, sizes, draws, seed))
    smaller = sorted({size for size in sizes if size < count})
    assert [len(rows) for _, rows in drawn] == [size for size in smaller for _ in range(draws)] + [count]
    for draw, rows in drawn:
        assert list(rows) == sorted(set(rows))
        larger = [other for of, other in drawn if of == draw and len(other) >= len(rows)]
        assert all(set(rows) <= set(other) for other in larger)
    draw, rows = drawn[-1]
    assert (draw, list(rows)) == (0, list(range(count)))
