"""The fixed rule against the rule of the release, image by image."""

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.strategies.fixed import Fixed
from tests.tables import random_case


@pytest.mark.parametrize("clamp", [True, False])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 0.95, 2.0])
def test_prediction_is_that_of_the_release(threshold: float, clamp: bool) -> None:
    case = random_case(1, images=6)
    strategy = Fixed(threshold=threshold, clamp=clamp)
    label, score = strategy.candidates(case.table, case.vocabulary)
    found = strategy.fit(case.table, case.vocabulary).predict(case.table, case.vocabulary)
    assert found.dtype == np.int32
    for image in range(6):
        own = case.table.image == image
        limit = min(threshold, score[own].max()) if clamp else threshold
        expected = [0 if value < limit else name for name, value in zip(label[own], score[own], strict=True)]
        np.testing.assert_array_equal(found[own], expected)
        assert not clamp or np.any(found[own] > 0)


def test_images_without_segments_are_no_trouble() -> None:
    case = random_case(2)
    assert Fixed(threshold=0.5).predict(case.table.subset([]), case.vocabulary).shape == (0,)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), "0.5", None, True])
def test_a_threshold_is_a_finite_number(threshold: object) -> None:
    with pytest.raises(UserError, match="`threshold` to be a finite number"):
        Fixed(threshold=threshold)  # type: ignore[arg-type]
