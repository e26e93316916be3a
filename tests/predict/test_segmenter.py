from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from groupseg.datasets.sample import Sample
from groupseg.errors import UserError
from groupseg.networks.frame import Frame
from groupseg.predict import segmenter as module
from groupseg.predict.naming import free_naming
from groupseg.predict.segmenter import DIGEST, PACKAGE
from groupseg.refine.settings import Pamr
from groupseg.segments.build import build_table
from tests.predict.fakes import SQUARE, WINDOWS, HashedWords, segmenter, vector
from tests.segments.networks import RandomNetwork, noise

CLASSES = ("cat", "sofa", "tree house")


def images(count: int) -> list[NDArray[np.uint8]]:
    return [noise((20 + 7 * seed, 50 - 3 * seed), seed) for seed in range(count)]


@pytest.mark.parametrize("frame", [SQUARE, WINDOWS], ids=["square", "windows"])
def test_images_are_named_as_the_pipeline_names_them(frame: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches of two, against one table of all images, its texts from the pipeline's definition."""
    monkeypatch.setattr(module, "_IMAGES", 2)
    pictures = images(5)
    maps: list[NDArray[np.intp]] = []
    samples = [Sample(str(row), image, np.zeros(image.shape[:2], int), "") for row, image in enumerate(pictures)]
    table = build_table(RandomNetwork(frame), samples, CLASSES, True, {}, lambda key, found: maps.append(found))
    text = np.stack([vector(f"a photo of a {name}.") for name in CLASSES])
    words = (Path(module.__file__).parents[1] / "text/lists/sclip.txt").read_text("utf-8").splitlines()
    rivals = np.stack([vector(f"a photo of a {word}.") for word in words])
    cosine = table.embedding @ text.T
    lead = table.scale * (cosine.max(axis=1) - (table.embedding @ rivals.T).max(axis=1))
    threshold = float(np.median(lead)) - 1e-3
    wanted = np.where(lead >= threshold, cosine.argmax(axis=1) + 1, 0)
    results = list(segmenter(frame).stream(pictures, free_naming(CLASSES, threshold=threshold)))
    assert len(np.unique(wanted)) > 2
    for row, (result, segments) in enumerate(zip(results, maps, strict=True)):
        np.testing.assert_array_equal(result.map, segments)
        mine = np.flatnonzero(table.image == row)
        np.testing.assert_array_equal(result.labels, wanted[mine][segments])
        np.testing.assert_allclose([segment.score for segment in result.segments], lead[mine], atol=1e-5)
        assert result.image is pictures[row]


def test_masks_are_refined_where_that_is_asked_for() -> None:
    (pixels,) = images(1)
    before, after = segmenter().predict(pixels, CLASSES), segmenter().predict(pixels, CLASSES, refine="pamr, steps 3")
    assert "refine" not in before.protocol
    assert after.protocol["refine"] == "pamr, dilations 1 2 4 8 12 24, steps 3"
    assert not np.array_equal(before.map, after.map)
    again = segmenter().predict(pixels, CLASSES, refine=Pamr(steps=3))
    np.testing.assert_array_equal(again.map, after.map)


def test_path_picture_and_array_are_the_same_image(tmp_path: Path) -> None:
    (pixels,) = images(1)
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    own = segmenter()
    maps = [own.predict(given, "cat, sofa").labels for given in (str(path), path, Image.open(path), pixels)]
    for found in maps[1:]:
        np.testing.assert_array_equal(found, maps[0])


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)], ids=str
)
def test_an_array_that_is_no_image_is_refused(wrong: NDArray[np.uint8]) -> None:
    with pytest.raises(UserError, match=r"or RGB uint8 \[H, W, 3\], but got (uint8|float64) \["):
        segmenter().predict(wrong, "cat")


def test_texts_are_embedded_once_a_class_list_and_never_for_an_image() -> None:
    own = segmenter()
    encoder = own._encoder
    assert isinstance(encoder, HashedWords)
    for image in images(3):
        own.predict(image, CLASSES)
    assert len(encoder.calls) == 2
    assert encoder.calls[0] == [f"a photo of a {name}." for name in CLASSES]
    own.predict(images(1)[0], CLASSES, threshold=0.3)
    assert len(encoder.calls) == 2
    own.predict(images(1)[0], "dog", templates=["the {}.", "my {}."])
    assert encoder.calls[2] == ["the dog.", "my dog."]


def test_without_background_every_segment_has_its_best_class() -> None:
    result = segmenter().predict(images(1)[0], CLASSES, with_background=False, threshold=20.0)
    assert [segment.name for segment in result.segments] == [segment.candidate for segment in result.segments]
    assert {segment.name for segment in segmenter().predict(images(1)[0], CLASSES, threshold=20.0).segments} == {
        "background"
    }


@pytest.mark.parametrize("limit", [("_IMAGES", 3), ("_PIXELS", 2 * 24 * 24 + 1)], ids=["images", "pixels"])
def test_any_number_of_images_is_read_a_few_at_a_time(limit: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, *limit)
    read = 0

    def pictures() -> Iterator[NDArray[np.uint8]]:
        nonlocal read
        for _ in range(20):
            read += 1
            yield np.full((24, 24, 3), read, np.uint8)

    for done, result in enumerate(segmenter().stream(pictures(), free_naming("cat")), start=1):
        assert result.image[0, 0, 0] == done
        assert read - done < 3
    assert done == read == 20


@pytest.mark.parametrize("frame", [SQUARE, WINDOWS], ids=["square", "windows"])
@pytest.mark.parametrize("size", [(1, 1), (2000, 1), (10, 20000)], ids=str)
def test_images_of_any_shape_are_segmented(size: tuple[int, int], frame: Frame) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    result = segmenter(frame).predict(image, CLASSES)
    assert result.map.shape == size
    assert sum(segment.share for segment in result.segments) == pytest.approx(1)


def test_two_thousand_classes_are_told_apart() -> None:
    classes = [f"thing {number}" for number in range(2000)]
    result = segmenter().predict(images(1)[0], classes, threshold=-20.0)
    text = np.stack([vector(f"a photo of a {name}.") for name in classes])
    assert len(result.segments) > 1
    table = build_table(
        RandomNetwork(SQUARE),
        [Sample("0", images(1)[0], np.zeros(images(1)[0].shape[:2], int), "")],
        classes,
        True,
        {},
        lambda key, segments: None,
    )
    best = (table.embedding @ text.T).argmax(axis=1)
    assert [segment.label for segment in result.segments] == (best + 1).tolist()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 10**6))
def test_segments_and_classes_share_the_image(height: int, width: int, seed: int) -> None:
    result = segmenter().predict(noise((height, width), seed), CLASSES)
    assert sorted(np.unique(result.map)) == [segment.id for segment in result.segments]
    for segment in result.segments:
        rows, columns = np.nonzero(result.map == segment.id)
        assert segment.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert segment.share == pytest.approx(len(rows) / (height * width))
        assert segment.label == (("background", *CLASSES).index(segment.name))
    for name, share in result.shares().items():
        assert result.mask(name).mean() == pytest.approx(share)
    np.testing.assert_array_equal(result.labels == 0, result.mask("background"))
    with pytest.raises(KeyError, match="dog"):
        result.mask("dog")


def test_the_encoder_of_the_embedded_model_is_that_of_the_pipeline() -> None:
    from stages.params import load_params

    text = load_params(Path(__file__).parents[2] / "params.yaml").text
    assert (text.package, text.sha256) == (PACKAGE, DIGEST)
