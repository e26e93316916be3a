from dataclasses import replace
from typing import Any

import pytest

from groupseg.networks.groupvit.architecture import PUBLISHED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dim": 0}, "dim must be positive, but got 0"),
        ({"depths": (6, 0, 3)}, r"depths must be positive, but got \(6, 0, 3\)"),
        ({"depths": ()}, r"depths must be positive, but got \(\)"),
        ({"group_tokens": (64,)}, r"group_tokens must have one number for each stage but the last \(2\), but got"),
        ({"output_groups": (64, 8, 8)}, r"output_groups must have one number for each stage but the last \(2\)"),
        ({"dim": 380}, r"dim must be a multiple of heads \(6\), but got 380"),
        ({"resolution": 230}, r"resolution must be a multiple of patch \(16\), but got 230"),
    ],
)
def test_shapes_that_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PUBLISHED, **change)
