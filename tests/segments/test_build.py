"""Tables from networks: the confusion matrix is that of the label maps, whatever the frame, count for count."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from groupseg.datasets.sample import Sample
from groupseg.errors import UserError
from groupseg.metrics.confusion import confusion_from_maps, confusion_matrix
from groupseg.networks.frame import Frame, Square, Windows
from groupseg.networks.protocol import Network, WindowSegments
from groupseg.networks.scenes.images import normalise_scenes
from groupseg.networks.scenes.network import SceneNetwork
from groupseg.refine.masks import refinement
from groupseg.refine.settings import UNREFINED, Guided, Pamr, Refine
from groupseg.segments import build
from groupseg.segments.build import build_table, hard_map, segment_images
from groupseg.segments.overlay import nearest
from tests.networks.scenes.tiny import tiny_model
from tests.segments.networks import RandomNetwork, noise

CLASSES = ("cat", "dog", "sky")
PROTOCOL = {
    "dataset": "d",
    "split": "test",
    "model": "m",
    "weights_sha256": "0",
    "resolution": "32x32",
    "window": "whole",
}
SLIDING = Windows(short=16, long=70, crop=16, stride=8)
PAMR = Pamr(dilations=(1, 3), steps=4)


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


NETWORKS = {
    "scene": SceneNetwork(tiny_model()),
    "square": RandomNetwork(Square(16)),
    "sliding": RandomNetwork(SLIDING),
    "patches": RandomNetwork(SLIDING, hard=True),
    "dense": RandomNetwork(Windows(short=20, long=50, crop=9, stride=3), groups=70),
    "whole": RandomNetwork(Windows(short=16, long=70, crop=None, stride=None)),
}


@pytest.mark.parametrize("refine", [UNREFINED, PAMR], ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_confusion_of_the_table_is_that_of_the_label_maps(name: str, refine: Refine) -> None:
    maps: dict[str, NDArray[np.intp]] = {}
    table = build_table(NETWORKS[name], samples(), CLASSES, True, PROTOCOL, maps.__setitem__, refine)
    labels = np.random.default_rng(1).integers(0, 4, len(table.image)).astype(np.int32)
    first = np.searchsorted(table.image, np.arange(len(table.keys)))
    expected = sum(
        confusion_from_maps(sample.mask, labels[first[row] + maps[sample.key]], len(CLASSES))
        for row, sample in enumerate(samples())
    )
    np.testing.assert_array_equal(confusion_matrix(table, labels), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_table_holds_every_pixel_once_and_no_empty_segment(name: str) -> None:
    table = build_table(NETWORKS[name], samples(), CLASSES, True, PROTOCOL, lambda key, segments: None)
    assert table.keys == tuple(f"k{index}" for index in range(5))
    sizes = [sample.mask.size for sample in samples()]
    np.testing.assert_array_equal(np.bincount(table.image, table.area), sizes)
    assert table.area.min() > 0
    known = sum(int((sample.mask != 255).sum()) for sample in samples())
    assert table.histogram.sum() == known
    length = np.linalg.norm(table.embedding, axis=1)
    assert length.max() <= 1 + 1e-5
    single = np.ones(len(length), dtype=bool) if table.parts is None else table.parts.counts == 1
    np.testing.assert_allclose(length[single], 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(table.image_embedding, axis=1), 1, rtol=1e-5)


def outputs(network: Network, image: NDArray[np.uint8]) -> tuple[list[WindowSegments], list[Tensor]]:
    """What the network says of each window by itself, and the group of each of its pixels."""
    views = network.frame.views(image)
    found = [WindowSegments(*(part[0] for part in network(window[None]))) for window in views.windows]
    soft = [
        F.interpolate(one.masks[None], size=box.size, mode="bilinear", align_corners=False)[0].argmax(dim=0)
        for one, box in zip(found, views.boxes, strict=True)
    ]
    return found, soft


@settings(max_examples=15, deadline=None)
@given(
    height=st.integers(5, 40),
    width=st.integers(5, 40),
    short=st.integers(8, 30),
    crop=st.integers(4, 20),
    data=st.data(),
)
def test_pixels_share_a_segment_if_they_share_the_groups_of_all_windows_over_them(
    height: int, width: int, short: int, crop: int, data: st.DataObject
) -> None:
    frame = Windows(short=short, long=60, crop=crop, stride=data.draw(st.integers(max(crop // 3, 1), crop)))
    network, image = RandomNetwork(frame, groups=3), noise((height, width), short)
    (found,) = segment_images(network, [image])
    assert found.parts is not None
    views = frame.views(image)
    windows, groups = outputs(network, image)
    held: dict[int, list[tuple[int, int]]] = {}
    for row in range(height):
        for column in range(width):
            # The pixel of the canvas that the centre of this one lies in.
            down, right = (
                int((at + 0.5) * there / here)
                for at, here, there in zip((row, column), (height, width), views.canvas, strict=True)
            )
            over = [
                (index, int(groups[index][down - box.top, right - box.left]))
                for index, box in enumerate(views.boxes)
                if box.top <= down < box.bottom and box.left <= right < box.right
            ]
            assert held.setdefault(int(found.map[row, column]), over) == over
    assert sorted(held) == list(range(len(found.embedding)))
    assert len({tuple(over) for over in held.values()}) == len(held)
    for segment, over in held.items():
        mean = np.mean([windows[index].embedding[group].numpy() for index, group in over], axis=0)
        np.testing.assert_allclose(found.embedding[segment], mean, atol=1e-6)
        own = found.parts.members[[segment]].indices
        np.testing.assert_array_equal(own, [3 * index + group for index, group in over])
    whole = np.mean([window.image.numpy() for window in windows], axis=0)
    np.testing.assert_allclose(found.image_embedding, whole / np.linalg.norm(whole), atol=1e-6)


def test_groups_without_a_pixel_are_parts() -> None:
    network = RandomNetwork(SLIDING, groups=30)
    (found,) = segment_images(network, [noise((30, 41), 0)])
    assert found.parts is not None
    assert len(found.parts.window) == 30 * len(found.parts.window_image)
    assert 0 in found.parts.members.sum(axis=0)


def test_maps_are_the_strongest_soft_mask_at_the_original_resolution() -> None:
    model, image = tiny_model(), np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    (found,) = segment_images(SceneNetwork(model), [image])
    soft = model(normalise_scenes(torch.from_numpy(image).permute(2, 0, 1)[None])).logits.softmax(1)
    full = F.interpolate(soft, size=(32, 32), mode="bilinear", align_corners=False)[0]
    kept, expected = np.unique(full.argmax(0).numpy(), return_inverse=True)
    np.testing.assert_array_equal(found.map, expected.reshape(32, 32))
    assert len(found.embedding) == len(kept)
    assert found.parts is None


@pytest.mark.parametrize("values", [1, 3 * 35 * 50, 2**26])
def test_masks_that_are_brought_to_size_in_pieces_are_the_same(monkeypatch: pytest.MonkeyPatch, values: int) -> None:
    masks = torch.rand(7, 9, 8, generator=torch.Generator().manual_seed(0))
    masks[5] = masks[2]  # equally strong: the first owns the pixel
    expected = F.interpolate(masks[None], size=(35, 50), mode="bilinear", align_corners=False)[0].argmax(dim=0)
    monkeypatch.setattr(build, "_VALUES", values)
    np.testing.assert_array_equal(hard_map(masks, (35, 50)), expected.numpy())
    assert not (expected == 5).any()


@pytest.mark.parametrize("refine", [Guided(radius=2), PAMR], ids=str)
@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("frame", [Square(16), Windows(short=16, long=70, crop=None, stride=None)], ids=str)
def test_a_pixel_goes_to_the_strongest_refined_mask(frame: Frame, hard: bool, refine: Refine) -> None:
    """Masks are refined at the size of the window, and then brought to that of the canvas."""
    network, image = RandomNetwork(frame, hard=hard), noise((30, 45), 1)
    views = frame.views(image)
    (window,), masks = views.windows, network(torch.stack(views.windows)).masks[0]
    soft = F.one_hot(masks, 5).permute(2, 0, 1).float() if hard else masks
    run = refinement(refine, window)
    assert run is not None
    full = F.interpolate(run(soft)[None], size=views.canvas, mode="bilinear", align_corners=False)[0].argmax(dim=0)
    expected = nearest(full.numpy(), (30, 45))
    (found,) = segment_images(network, [image], refine)
    kept, numbers = np.unique(expected, return_inverse=True)
    np.testing.assert_array_equal(found.map, numbers.reshape(30, 45))
    assert len(found.embedding) == len(kept) > 1
    (before,) = segment_images(network, [image])
    assert not np.array_equal(found.map, before.map)


def test_refined_masks_that_come_in_pieces_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network = NETWORKS["dense"]
    (expected,) = segment_images(network, [noise((30, 45), 1)], PAMR)
    monkeypatch.setattr(build, "_REFINED", 1)
    (found,) = segment_images(network, [noise((30, 45), 1)], PAMR)
    np.testing.assert_array_equal(found.map, expected.map)


def test_the_protocol_names_the_refinement_where_there_is_one() -> None:
    def protocol(*refine: Refine) -> dict[str, str]:
        table = build_table(
            NETWORKS["square"], samples(1), CLASSES, True, PROTOCOL, lambda key, segments: None, *refine
        )
        return dict(table.protocol)

    assert protocol() == protocol(UNREFINED) == PROTOCOL
    assert protocol(PAMR) == {**PROTOCOL, "refine": "pamr, dilations 1 3, steps 4"}


@pytest.mark.parametrize("frame", [Square(16), SLIDING])
def test_images_of_any_number_are_segmented_in_order(frame: Frame) -> None:
    network, images = RandomNetwork(frame), [sample.image for sample in samples(70)]
    together = list(segment_images(network, images))
    assert [part.map.shape for part in together] == [image.shape[:2] for image in images]
    assert max(batch for batch, *_ in network.batches) <= 32
    for number in (0, 31, 32, 67):
        (alone,) = segment_images(network, images[number : number + 1])
        np.testing.assert_array_equal(together[number].map, alone.map)
        np.testing.assert_array_equal(together[number].embedding, alone.embedding)


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (2000, 2), (2, 1)])
def test_images_of_any_shape_are_segmented(size: tuple[int, int]) -> None:
    for network in NETWORKS.values():
        (found,) = segment_images(network, [np.full((*size, 3), 77, dtype=np.uint8)])
        assert found.map.shape == size


def test_no_image() -> None:
    with pytest.raises(UserError, match="d: its test split has no image"):
        build_table(SceneNetwork(tiny_model()), [], CLASSES, True, PROTOCOL, lambda key, segments: None)
