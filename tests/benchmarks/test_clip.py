"""The benchmark of dense CLIP: what it says that a network computes."""

import pytest

from benchmarks.clip import FRAME, count
from groupseg.networks.clip.attention import METHODS
from groupseg.networks.clip.config import Attention
from groupseg.networks.clip.dense import DenseTower
from groupseg.networks.clip.network import ClipNetwork
from tests.networks.clip.tiny import CONFIG, DIM, PATCH, about, tiny_clip


@pytest.mark.parametrize("attention", ["plain", "naclip"])
def test_all_matrix_products_are_counted(attention: Attention) -> None:
    how = about(attention=attention, scale=40.0)
    network = ClipNetwork(DenseTower(tiny_clip().visual, attention, "clip"), how, 40.0)
    width, layers = CONFIG["vision_cfg"]["width"], CONFIG["vision_cfg"]["layers"]
    patches = (FRAME.crop // PATCH) ** 2
    tokens = 1 + patches
    projected, mixed = 3 * tokens * width**2, 2 * tokens**2 * width
    around = (1 + 4 + 4) * tokens * width**2
    plain = projected + mixed + around
    products = patches * 3 * PATCH**2 * width + (patches + 1) * width * DIM + layers * plain
    if attention == "naclip":
        assert METHODS[attention].pairs == ("kk",)
        # The patches have no feed-forward network, and the class token alone is computed as usual.
        products += projected + tokens * width**2 - (mixed + around) + mixed + 2 * tokens * width + 9 * width**2
    assert count(network) == 2 * products
