import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from groupseg.datasets.sample import Sample
from groupseg.errors import UserError
from groupseg.metrics.confusion import confusion_from_maps, confusion_matrix
from groupseg.model.images import normalise
from groupseg.segments.build import build_table, segment_images
from tests.model.tiny import tiny_model

CLASSES = ("cat", "dog", "sky")
PROTOCOL = {
    "dataset": "d",
    "split": "test",
    "model": "m",
    "weights_sha256": "0",
    "resolution": "32x32",
    "window": "whole",
}


def samples(count: int = 5) -> list[Sample]:
    rng = np.random.default_rng(0)
    made = []
    for index in range(count):
        size = (int(rng.integers(20, 60)), int(rng.integers(20, 60)))
        mask = rng.choice([0, 1, 2, 3, 255], size=size)
        made.append(
            Sample(
                key=f"k{index}",
                image=rng.integers(0, 256, (*size, 3), dtype=np.uint8),
                mask=mask,
                name=f"k{index}",
            )
        )
    return made


def test_confusion_of_the_table_is_that_of_the_label_maps() -> None:
    maps: dict[str, NDArray[np.intp]] = {}
    table = build_table(tiny_model(), samples(), CLASSES, True, PROTOCOL, maps.__setitem__)
    labels = np.random.default_rng(1).integers(0, 4, len(table.image)).astype(np.int32)
    first = np.searchsorted(table.image, np.arange(len(table.keys)))
    expected = sum(
        confusion_from_maps(sample.mask, labels[first[row] + maps[sample.key]], len(CLASSES))
        for row, sample in enumerate(samples())
    )
    np.testing.assert_array_equal(confusion_matrix(table, labels), expected)


def test_table_holds_every_pixel_once_and_no_empty_segment() -> None:
    table = build_table(tiny_model(), samples(), CLASSES, True, PROTOCOL, lambda key, segments: None)
    assert table.keys == tuple(f"k{index}" for index in range(5))
    sizes = [sample.mask.size for sample in samples()]
    np.testing.assert_array_equal(np.bincount(table.image, table.area), sizes)
    assert table.area.min() > 0
    known = sum(int((sample.mask != 255).sum()) for sample in samples())
    assert table.histogram.sum() == known
    np.testing.assert_allclose(np.linalg.norm(table.embedding, axis=1), 1, rtol=1e-5)


def test_maps_are_the_strongest_soft_mask_at_the_original_resolution() -> None:
    model, image = tiny_model(), np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    (found,) = segment_images(model, [image])
    soft = model(normalise(torch.from_numpy(image).permute(2, 0, 1)[None])).logits.softmax(1)
    full = torch.nn.functional.interpolate(soft, size=(32, 32), mode="bilinear", align_corners=False)[0]
    kept, expected = np.unique(full.argmax(0).numpy(), return_inverse=True)
    np.testing.assert_array_equal(found.map, expected.reshape(32, 32))
    assert len(found.embedding) == len(kept)


def test_images_of_any_number_are_segmented_in_order() -> None:
    images = [sample.image for sample in samples(70)]
    together = list(segment_images(tiny_model(), images))
    assert [part.map.shape for part in together] == [image.shape[:2] for image in images]
    (alone,) = segment_images(tiny_model(), images[67:68])
    np.testing.assert_array_equal(together[67].map, alone.map)


def test_no_image() -> None:
    with pytest.raises(UserError, match="d: its test split has no image"):
        build_table(tiny_model(), [], CLASSES, True, PROTOCOL, lambda key, segments: None)
