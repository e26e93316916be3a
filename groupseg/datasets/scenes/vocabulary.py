"""What the embedded scenes can show: names, the artwork that stands for each, and the three data sets made of them."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from groupseg.errors import UserError


@dataclass(frozen=True, kw_only=True)
class SceneKind:
    """What one embedded data set draws; lengths in pixels, chances in 0..1."""

    objects: tuple[int, int]
    longest_side: tuple[int, int]
    distractor_chances: tuple[float, ...]
    labels_stuff: bool = False


# Each mirrors a photographic benchmark: Pascal VOC (few, large, clear objects), Pascal Context (things and stuff) and
# COCO-Object (many, small, cluttered).
SCENE_KINDS = {
    "scenes20": SceneKind(objects=(1, 3), longest_side=(38, 76), distractor_chances=(0.35, 0.15)),
    "scenes59": SceneKind(objects=(1, 4), longest_side=(24, 56), distractor_chances=(0.4, 0.2), labels_stuff=True),
    "scenes80": SceneKind(objects=(2, 7), longest_side=(18, 44), distractor_chances=(0.6, 0.5, 0.3)),
}


@cache
def _vocabulary() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("vocabulary.json").read_text(encoding="utf-8")
    vocabulary: dict[str, Any] = json.loads(text)
    return vocabulary


def kind(name: str) -> SceneKind:
    """Returns the drawing rules of an embedded data set.

    Raises:
        UserError: If there is no embedded data set of that name.
    """
    if name not in SCENE_KINDS:
        raise UserError(
            f"scenes must be one of {', '.join(SCENE_KINDS)}, but got {name!r}. Mend `scenes:` in params.yaml."
        )
    return SCENE_KINDS[name]


def things(name: str) -> dict[str, list[str]]:
    """Returns the countable classes of an embedded data set, each with the file stems of its artwork."""
    kind(name)
    classes: dict[str, list[str]] = _vocabulary()["things"][name]
    return classes


def stuff() -> list[str]:
    """Returns the names of the drawn materials (sky, grass, brick, ...)."""
    names: list[str] = _vocabulary()["stuff"]
    return names


def class_names(name: str) -> list[str]:
    """Returns the class list of an embedded data set, without background: label i + 1 is entry i."""
    return list(things(name)) + (stuff() if kind(name).labels_stuff else [])


def synonyms(noun: str) -> list[str]:
    """Returns other words that captions use for `noun`; none of them is a class of any embedded data set."""
    words: list[str] = _vocabulary()["synonyms"].get(noun, [])
    return words


def unlisted() -> dict[str, list[str]]:
    """Returns objects that are in no class list, each with the file stems of its artwork."""
    names: dict[str, list[str]] = _vocabulary()["distractors"]
    return names


@cache
def unseen() -> frozenset[str]:
    """Returns what is left out to make classes unseen: every fifth of all that is listed, from the third on.

    All lists are gone through as one, materials last, so that what is unseen in one is unseen in all. What has artwork
    in common, such as a sofa and a couch, counts as one. No chance is in it. From the third on, no unseen class has a
    word in common with anything else, as "dog" would with "hot dog".
    """
    artwork = {noun: set(stems) for name in SCENE_KINDS for noun, stems in things(name).items()}
    kinds: list[list[str]] = []
    for noun, stems in artwork.items():
        alike = next((kind for kind in kinds if any(stems & artwork[other] for other in kind)), None)
        if alike is None:
            kinds.append([noun])
        else:
            alike.append(noun)
    kinds += [[noun] for noun in stuff()]
    return frozenset(noun for kind in kinds[2::5] for noun in kind)


@cache
def foreign(name: str) -> dict[str, list[str]]:
    """Returns classes of the other embedded data sets that `name` neither lists nor shows under another name."""
    own = things(name)
    own_artwork = {stem for stems in own.values() for stem in stems}
    others = {noun: stems for other in SCENE_KINDS for noun, stems in things(other).items()}
    return {noun: stems for noun, stems in others.items() if noun not in own and own_artwork.isdisjoint(stems)}
