from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from groupseg.errors import UserError
from groupseg.text.prompts import class_words, embed_ensemble, embed_words, prompts


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
    assert class_words(["sofa", "cat"], {"cat": ["cat", "kitten"]}) == ["sofa", "cat, kitten"]
    with pytest.raises(UserError, match=r"prompts\.names: sfoa not in the class list: sofa, cat"):
        class_words(["sofa", "cat"], {"sfoa": "couch"})


@pytest.mark.parametrize("unit", [True, False])
def test_embedding_of_a_word_is_the_normalised_mean_over_templates(unit: bool) -> None:
    encoder = Lengths(averages_unit=unit)
    features = embed_words(encoder, ["cat", "elephant"], ["a {}.", "look at the {}"])
    mean = encoder.encode(["a elephant.", "look at the elephant"], unit).mean(0)
    np.testing.assert_allclose(features[1], mean / np.linalg.norm(mean), rtol=1e-6)


def test_several_words_of_a_class_are_averaged_like_templates() -> None:
    encoder = Lengths(averages_unit=True)
    words, templates = ["cat", "tv, television set"], ["a {}.", "look at the {}"]
    features = embed_words(encoder, words, templates)
    each = encoder.encode([template.format(word) for word in ("tv", "television set") for template in templates])
    np.testing.assert_allclose(features[1], each.mean(0) / np.linalg.norm(each.mean(0)), rtol=1e-6)
    assert np.array_equal(features[:1], embed_words(encoder, ["cat"], templates))


def test_an_ensemble_holds_unit_vectors_and_leaves_single_words_as_the_encoder_gives_them() -> None:
    encoder = Lengths(averages_unit=True)
    ensemble = embed_ensemble(encoder, ["cat", "tv, television set"], ["a {}.", "the {}"])
    assert ensemble.shape == (2, 2, 2)
    assert np.array_equal(ensemble[:, 0], encoder.encode(["a cat.", "the cat"]))
    np.testing.assert_allclose(np.linalg.norm(ensemble, axis=-1), 1, rtol=1e-6)
    mean = encoder.encode(["the tv", "the television set"]).mean(0)
    np.testing.assert_allclose(ensemble[1, 1], mean / np.linalg.norm(mean), rtol=1e-6)
