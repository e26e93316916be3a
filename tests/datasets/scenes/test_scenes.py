import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from groupseg.datasets import scenes
from groupseg.datasets.scenes import backdrop, vocabulary
from groupseg.datasets.scenes import scene as scene_module
from groupseg.datasets.scenes.captions import caption
from groupseg.datasets.scenes.scene import Scene, draw_scene
from groupseg.errors import UserError

NAMES = list(scenes.SCENE_KINDS)
# Digests of a few scenes, see `digest`.
SAME = {"scenes20": "3f48dc20318df8dc", "scenes59": "c2801de90f75dc13", "scenes80": "a400e39952f0967c"}


def drawn(name: str, count: int = 25) -> list[Scene]:
    return [draw_scene(name, np.random.default_rng([index])) for index in range(count)]


@pytest.mark.parametrize(("name", "classes"), [("scenes20", 20), ("scenes59", 59), ("scenes80", 80)])
def test_class_lists(name: str, classes: int) -> None:
    names = scenes.class_names(name)
    assert len(set(names)) == classes
    assert "background" not in names


def test_unknown_name() -> None:
    with pytest.raises(UserError, match="scenes must be one of scenes20, scenes59, scenes80, but got 'scenes21'"):
        scenes.class_names("scenes21")


@pytest.mark.parametrize("name", NAMES)
def test_synonyms_are_no_classes(name: str) -> None:
    words = {word for noun in scenes.class_names(name) for word in vocabulary.synonyms(noun)}
    assert words.isdisjoint(word for other in NAMES for word in scenes.class_names(other))


@pytest.mark.parametrize("name", NAMES)
def test_what_counts_as_background_shows_no_listed_class(name: str) -> None:
    own = {stem for stems in vocabulary.things(name).values() for stem in stems}
    for noun, stems in {**vocabulary.unlisted(), **vocabulary.foreign(name)}.items():
        assert noun not in scenes.class_names(name)
        assert own.isdisjoint(stems), noun


@pytest.mark.parametrize("name", NAMES)
def test_masks_and_nouns_speak_of_the_same_things(name: str) -> None:
    labels = {noun: label for label, noun in enumerate(scenes.class_names(name), start=1)}
    for scene in drawn(name):
        assert scene.image.shape == (96, 96, 3)
        assert scene.image.dtype == scene.mask.dtype == np.uint8
        assert set(np.unique(scene.mask)) <= {0, *labels.values()}
        assert all((scene.mask == labels[noun]).any() for noun in scene.objects + scene.stuff)
        assert labels.keys().isdisjoint(scene.distractors)


@pytest.mark.parametrize("name", NAMES)
def test_captions_name_what_can_be_seen_and_never_the_background(name: str) -> None:
    for index, scene in enumerate(drawn(name)):
        text, nouns = caption(scene, np.random.default_rng(index))
        seen = scene.objects + scene.stuff + scene.distractors
        assert set(nouns) <= {word for noun in seen for word in (noun, *vocabulary.synonyms(noun))}
        assert all(noun in text for noun in nouns)
        assert "background" not in text
        assert nouns or not seen


def test_background_and_labels_are_as_rich_as_the_benchmarks_they_mirror() -> None:
    share = {name: np.mean([(scene.mask == 0).mean() for scene in drawn(name, 80)]) for name in NAMES}
    assert 0.65 < share["scenes20"] < 0.82
    assert 0.05 < share["scenes59"] < 0.22
    assert 0.65 < share["scenes80"] < 0.85
    labels = {
        name: np.mean([len(np.unique(scene.mask[scene.mask > 0])) for scene in drawn(name, 80)]) for name in NAMES
    }
    assert labels["scenes20"] < 2.5 < 3.5 < min(labels["scenes59"], labels["scenes80"])


def test_an_image_depends_on_its_place_alone() -> None:
    few, many = (
        list(scenes.samples("scenes20", "test", 3, seed=0)),
        list(scenes.samples("scenes20", "test", 40, seed=0)),
    )
    assert [sample.key for sample in few] == ["test-00000", "test-00001", "test-00002"]
    for first, second in zip(few, many, strict=False):
        np.testing.assert_array_equal(first.image, second.image)
        np.testing.assert_array_equal(first.mask, second.mask)


def test_splits_data_sets_and_seeds_differ() -> None:
    places = [("scenes20", "calib", 0), ("scenes20", "test", 0), ("scenes80", "test", 0), ("scenes20", "test", 1)]
    images = [next(iter(scenes.samples(name, split, 1, seed))).image for name, split, seed in places]
    images.append(next(iter(scenes.captioned("scenes20", 1, 0))).image)
    assert len({image.tobytes() for image in images}) == 5


def digest(name: str, left_out: frozenset[str] = frozenset()) -> str:
    found = hashlib.sha256()
    for sample in scenes.samples(name, "test", 2, 0):
        found.update(sample.image.tobytes() + sample.mask.tobytes())
    for image in scenes.captioned(name, 4, 0, left_out):
        found.update(np.asarray(image.image).tobytes() + image.caption.encode() + repr(image.nouns).encode())
    return found.hexdigest()[:16]


def test_scenes_are_the_same_everywhere() -> None:
    # Figures in git were measured on these.
    assert {name: digest(name) for name in NAMES} == SAME


def test_a_fifth_of_each_list_is_unseen_and_shares_no_word_with_the_rest() -> None:
    unseen = scenes.unseen()
    assert [len(unseen.intersection(scenes.class_names(name))) for name in NAMES] == [4, 12, 16]
    listed = {noun for name in NAMES for noun in scenes.class_names(name)}

    def words(nouns: Iterable[str]) -> set[str]:
        return {part for noun in nouns for word in (noun, *vocabulary.synonyms(noun)) for part in word.split()}

    assert unseen < listed
    assert words(unseen).isdisjoint(words([*listed - unseen, *vocabulary.unlisted()]))


def test_what_is_unseen_in_one_list_is_unseen_in_all() -> None:
    artwork = {noun: set(stems) for name in NAMES for noun, stems in vocabulary.things(name).items()}
    hidden = {stem for noun in scenes.unseen() & artwork.keys() for stem in artwork[noun]}
    shown = {stem for noun in artwork.keys() - scenes.unseen() for stem in artwork[noun]}
    assert hidden
    assert hidden.isdisjoint(shown | {stem for stems in vocabulary.unlisted().values() for stem in stems})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_unseen_is_neither_drawn_nor_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden, placed, painted = scenes.unseen(), set[str](), set[str]()
    place, textures = scene_module.place_sprite, dict(backdrop.STUFF)

    def watched(stem: str, *given: Any) -> Any:
        placed.add(stem)
        return place(stem, *given)

    def painter(material: str) -> Any:
        def texture(rng: np.random.Generator) -> Any:
            painted.add(material)
            return textures[material](rng)

        return texture

    monkeypatch.setattr(scene_module, "place_sprite", watched)
    monkeypatch.setattr(backdrop, "STUFF", {material: painter(material) for material in textures})
    monkeypatch.setenv("GROUPSEG_WORKERS", "1")
    images = list(scenes.captioned(name, 60, 0, hidden))
    artwork = {stem for other in NAMES for noun in hidden for stem in vocabulary.things(other).get(noun, [])}
    assert placed
    assert placed.isdisjoint(artwork)
    assert painted
    assert painted.isdisjoint(hidden)
    taken = {word for noun in hidden for word in (noun, *vocabulary.synonyms(noun))}
    assert taken.isdisjoint(noun for image in images for noun in image.nouns)
    parts = {part for word in taken for part in word.split()}
    assert parts.isdisjoint(part for image in images for part in image.caption.replace(",", " ").split())
