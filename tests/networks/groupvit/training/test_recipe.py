from dataclasses import replace
from typing import Any

import pytest

from tests.networks.groupvit.training.tiny import RECIPE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate": 0.0}, "rate must be positive, but got 0.0"),
        ({"prompts": -1}, "prompts must not be negative, but got -1"),
        ({"crop": 1.5}, "crop must be at most 1, but got 1.5"),
        ({"batch": 1, "block": 1}, "batch must be at least 2, for images are told apart; got 1"),
        ({"block": 3}, r"batch must be a multiple of block \(3\), but got 8"),
        ({"warmup": 6}, r"warmup must be less than steps \(6\), but got 6"),
    ],
)
def test_numbers_out_of_range_are_errors(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(RECIPE, **change)
