"""The inference rule of the GroupViT release, pixel by pixel and without a table, against tables and `fixed`.

Written from the description of `segmentation/evaluation/group_vit_seg.py` and of mmsegmentation's `slide_inference`.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from groupseg.datasets.sample import Sample
from groupseg.segments.build import build_table
from groupseg.segments.frame import Windows
from groupseg.strategies.fixed import Fixed
from tests.segments.networks import RandomNetwork, noise
from tests.tables import unit, vocabulary

CLASSES = tuple(f"class{label}" for label in range(8))
TEXT = unit(np.random.default_rng(4).normal(size=(len(CLASSES), 6)))
THRESHOLDS = (0.0, 0.35, 0.9, 0.95, 1.0)
SIZES = [(15, 23), (31, 16), (12, 12), (9, 36), (25, 27), (3, 40)]
FRAMES = {
    "stride half": Windows(short=12, long=36, crop=12, stride=6),
    "stride odd": Windows(short=11, long=30, crop=9, stride=4),
    "apart": Windows(short=12, long=36, crop=6, stride=6),
    "whole": Windows(short=12, long=36, crop=None, stride=None),
}


def network(frame: Windows) -> RandomNetwork:
    """Many groups, of which some own no pixel, and a scale that gives scores anywhere in 0..1."""
    made = RandomNetwork(frame, groups=14, patch=2)
    made.scale = 25.0
    return made


class Window:
    """What the release computes in one window."""

    def __init__(self, net: RandomNetwork, pixels: torch.Tensor, text: NDArray[np.float32], scale: float) -> None:
        embedding, image, masks = (part[0] for part in net(pixels[None]))
        size = pixels.shape[1:]
        full = F.interpolate(masks[None], size=size, mode="bilinear", align_corners=False)[0]
        self.owner = full.argmax(dim=0)
        affinity = scale * embedding.double() @ torch.tensor(text).double().T
        nearness = (scale * image.double() @ torch.tensor(text).double().T).softmax(dim=0)
        top = nearness.topk(min(5, len(text))).indices
        masked = torch.full_like(affinity, -torch.inf)
        masked[:, top] = affinity[:, top]
        self.scores = (masked.softmax(dim=1) * affinity.softmax(dim=1)).numpy()


# Size of the resized image, and top, left and content of each window.
Seen = tuple[tuple[int, int], list[tuple[int, int, Window]]]


def look(net: RandomNetwork, image: NDArray[np.uint8], text: NDArray[np.float32]) -> Seen:
    """Resizes an image and runs the network over its windows."""
    frame, (height, width) = net.frame, image.shape[:2]
    assert isinstance(frame, Windows)
    factor = min(frame.long / max(height, width), frame.short / min(height, width))
    size = int(height * factor + 0.5), int(width * factor + 0.5)
    channels = torch.tensor(image).permute(2, 0, 1)[None]
    resized = F.interpolate(channels, size=size, mode="bilinear", align_corners=False)[0]
    crop = (frame.crop, frame.crop) if frame.crop else size
    stride = (frame.stride, frame.stride) if frame.stride else size
    grid = [max(side - own + step - 1, 0) // step + 1 for side, own, step in zip(size, crop, stride, strict=True)]
    found = []
    for row in range(grid[0]):
        for column in range(grid[1]):
            bottom, right = min(row * stride[0] + crop[0], size[0]), min(column * stride[1] + crop[1], size[1])
            top, left = max(bottom - crop[0], 0), max(right - crop[1], 0)
            found.append((top, left, Window(net, resized[:, top:bottom, left:right], text, net.scale)))
    return size, found


def per_window(seen: Seen, image: NDArray[np.uint8], threshold: float, background: bool) -> NDArray[np.int64]:
    """Label map by the release: a threshold in each window, then the mean over windows, then the highest."""
    size, windows = seen
    classes = windows[0][2].scores.shape[1]
    total, count = np.zeros((*size, 1 + classes)), np.zeros(size)
    for top, left, window in windows:
        clamped = min(threshold, window.scores.max())
        for row in range(window.owner.shape[0]):
            for column in range(window.owner.shape[1]):
                score = window.scores[window.owner[row, column]]
                logits = np.append(0.0, score)
                if background and score.max() < clamped:
                    logits[0] = 1.0
                total[top + row, left + column] += logits
                count[top + row, left + column] += 1
    assert count.min() > 0
    mean = total / count[:, :, None]
    return labels(image, mean if background else mean - np.append(1, np.zeros(classes)))


def averaged(seen: Seen, image: NDArray[np.uint8], threshold: float) -> NDArray[np.int64]:
    """Label map by the simpler rule: the mean over windows, then the threshold."""
    size, windows = seen
    total, count = np.zeros((*size, windows[0][2].scores.shape[1])), np.zeros((*size, 1))
    for top, left, window in windows:
        for row in range(window.owner.shape[0]):
            for column in range(window.owner.shape[1]):
                total[top + row, left + column] += window.scores[window.owner[row, column]]
                count[top + row, left + column] += 1
    mean = total / count
    return labels(image, np.concatenate([np.where(mean.max(axis=2) < threshold, 2, -1)[:, :, None], mean], axis=2))


def labels(image: NDArray[np.uint8], logits: NDArray[np.float64]) -> NDArray[np.int64]:
    """The highest of the logits [h, w, 1 + C] under the centre of each pixel of the image."""
    found = np.empty(image.shape[:2], dtype=np.int64)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            down = int((row + 0.5) * logits.shape[0] / image.shape[0])
            right = int((column + 0.5) * logits.shape[1] / image.shape[1])
            found[row, column] = logits[down, right].argmax()
    return found


class Labelled:
    """Images through the table."""

    def __init__(self, net: RandomNetwork, images: list[NDArray[np.uint8]], count: int, background: bool) -> None:
        self.maps: dict[str, NDArray[np.intp]] = {}
        samples = [
            Sample(f"{row}", image, np.zeros(image.shape[:2], dtype=np.int32), f"{row}")
            for row, image in enumerate(images)
        ]
        classes = CLASSES[:count]
        self.table = build_table(net, samples, classes, background, {}, self.maps.__setitem__)
        self.vocabulary = vocabulary(classes, TEXT[:count])

    def by(self, rule: Fixed) -> list[NDArray[np.int32]]:
        """Label maps."""
        found = rule.predict(self.table, self.vocabulary)
        first = np.searchsorted(self.table.image, np.arange(len(self.table.keys)))
        return [found[first[row] + self.maps[key]] for row, key in enumerate(self.table.keys)]


@pytest.mark.parametrize("name", FRAMES)
def test_label_maps_are_those_of_the_release(name: str) -> None:
    net, images = network(FRAMES[name]), [noise(size, seed) for seed, size in enumerate(SIZES)]
    found = Labelled(net, images, len(CLASSES), background=True)
    seen = [look(net, image, TEXT) for image in images]
    shares = []
    for threshold in THRESHOLDS:
        maps = found.by(Fixed(threshold=threshold, per_window=True))
        for image, windows, given in zip(images, seen, maps, strict=True):
            np.testing.assert_array_equal(given, per_window(windows, image, threshold, background=True))
        shares.append(np.mean([np.mean(given == 0) for given in maps]))
    # From no background at all to most of it; without the clamp it would be all.
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.8 < shares[-1] < 1
    assert all((given == 0).all() for given in found.by(Fixed(threshold=1.0, clamp=False, per_window=True)))


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_label_maps_after_averaging_are_those_of_the_simpler_rule(threshold: float) -> None:
    net, images = network(FRAMES["stride half"]), [noise(size, seed) for seed, size in enumerate(SIZES[:3])]
    found = Labelled(net, images, len(CLASSES), background=True)
    for image, given in zip(images, found.by(Fixed(threshold=threshold, clamp=False)), strict=True):
        np.testing.assert_array_equal(given, averaged(look(net, image, TEXT), image, threshold))


@pytest.mark.parametrize("count", [1, 3, 8])
def test_without_background_the_highest_mean_names_a_pixel(count: int) -> None:
    net, images = network(FRAMES["stride half"]), [noise(size, seed) for seed, size in enumerate(SIZES[:2])]
    found = Labelled(net, images, count, background=False)
    for image, given in zip(images, found.by(Fixed(threshold=0.9, per_window=True)), strict=True):
        np.testing.assert_array_equal(given, per_window(look(net, image, TEXT[:count]), image, 0.9, background=False))


def test_groups_without_a_pixel_and_windows_of_their_own_matter() -> None:
    net, images = network(FRAMES["stride half"]), [noise(size, seed) for seed, size in enumerate(SIZES)]
    found = Labelled(net, images, len(CLASSES), background=True)
    official = Fixed(threshold=0.95, per_window=True).predict(found.table, found.vocabulary)
    parts = found.table.parts
    assert parts is not None
    # Without the groups that own no pixel the clamp would let other segments through.
    owning = np.unique(parts.members.indices)
    kept = replace(
        parts, window=parts.window[owning], embedding=parts.embedding[owning], members=parts.members[:, owning]
    )
    without = Fixed(threshold=0.95, per_window=True).predict(replace(found.table, parts=kept), found.vocabulary)
    assert np.any(official != without)
    assert np.any(official != Fixed(threshold=0.95).predict(found.table, found.vocabulary))
