from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from groupseg.errors import UserError
from groupseg.text.prompts import class_words, embed_words, prompts


class Lengths:
    """Stands for an encoder: a text becomes its length and its number of words."""

    def __init__(self, averages_unit: bool) -> None:
        self.averages_unit = averages_unit

    def encode(self, texts: Sequence[str], unit: bool = True) -> NDArray[np.float32]:
        raw = np.array([[len(text), len(text.split())] for text in texts], np.float32)
        return raw / np.linalg.norm(raw, axis=1, keepdims=True) if unit else raw


def test_prompts_keep_the_templates_of_a_word_together() -> None:
    assert prompts(["cat", "dog"], ["a {}.", "the {}"]) == ["a cat.", "the cat", "a dog.", "the dog"]


@pytest.mark.parametrize("templates", [[], ["no place"], ["{} and {}"]])
def test_bad_templates(templates: list[str]) -> None:
    with pytest.raises(UserError, match=r"prompts\.templates"):
        prompts(["cat"], templates)


def test_class_words() -> None:
    assert class_words(["sofa", "cat"], {"sofa": "couch"}) == ["couch", "cat"]
    with pytest.raises(UserError, match=r"prompts\.names: sfoa not in the class list: sofa, cat"):
        class_words(["sofa", "cat"], {"sfoa": "couch"})


@pytest.mark.parametrize("unit", [True, False])
def test_embedding_of_a_word_is_the_normalised_mean_over_templates(unit: bool) -> None:
    encoder = Lengths(averages_unit=unit)
    features = embed_words(encoder, ["cat", "elephant"], ["a {}.", "look at the {}"])
    mean = encoder.encode(["a elephant.", "look at the elephant"], unit).mean(0)
    np.testing.assert_allclose(features[1], mean / np.linalg.norm(mean), rtol=1e-6)
