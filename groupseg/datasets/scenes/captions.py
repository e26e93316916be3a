"""Captions as the web writes them: they name some of what can be seen, now and then also what is background."""

import numpy as np

from groupseg.datasets.scenes.scene import Scene
from groupseg.datasets.scenes.vocabulary import synonyms

_OPENINGS = ("a photo of ", "a picture of ", "an image with ", "there is ", "look at ", "my ", "")
_ADJECTIVES = ("red", "old", "new", "nice", "small", "big", "lovely", "blue")
_JOINS = (" and ", ", ", " next to ", " with ", " near ")
_TAILS = ("", "", "", " in the morning", " for sale", " today", " at home", " on a trip")


def caption(scene: Scene, rng: np.random.Generator) -> tuple[str, list[str]]:
    """Writes a caption.

    A listed object is named with chance 0.7 (one at least), a material or an object outside the class list with 0.3; a
    quarter of the words are synonyms where there is one.

    Returns:
        The caption, and the nouns in it: none where the scene shows nothing.
    """
    named = [noun for noun in scene.objects if rng.random() < 0.7]
    if not named and scene.objects:
        named = [str(rng.choice(scene.objects))]
    named += [noun for noun in scene.stuff + scene.distractors if rng.random() < 0.3]
    if not named:
        named = (scene.stuff + scene.distractors)[:1]
    nouns = [_word(named[index], rng) for index in rng.permutation(len(named))]
    phrases = [_phrase(noun, rng) for noun in nouns]
    if not phrases:
        return "a picture", []
    text = phrases[0] + "".join(f"{rng.choice(_JOINS)}{phrase}" for phrase in phrases[1:])
    return f"{rng.choice(_OPENINGS)}{text}{rng.choice(_TAILS)}", nouns


def _word(noun: str, rng: np.random.Generator) -> str:
    words = synonyms(noun)
    return str(rng.choice(words)) if words and rng.random() < 0.25 else noun


def _phrase(noun: str, rng: np.random.Generator) -> str:
    adjective = f"{rng.choice(_ADJECTIVES)} " if rng.random() < 0.3 else ""
    return f"a {adjective}{noun}"
