import numpy as np
import pytest

from groupseg.datasets import scenes
from groupseg.datasets.scenes import vocabulary
from groupseg.datasets.scenes.captions import caption
from groupseg.datasets.scenes.scene import Scene, draw
from groupseg.errors import UserError

NAMES = list(scenes.KINDS)


def drawn(name: str, count: int = 25) -> list[Scene]:
    return [draw(name, np.random.default_rng([index])) for index in range(count)]


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
