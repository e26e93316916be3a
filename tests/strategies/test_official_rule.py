"""The inference rule of the GroupViT release, pixel by pixel and without a table, against tables and `fixed`.

Written from the description of `segmentation/evaluation/group_vit_seg.py` and of mmsegmentation's `slide_inference`.
"""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from groupseg.datasets.sample import Sample
from groupseg.networks.frame import Windows
from groupseg.networks.protocol import WindowSegments
from groupseg.segments.build import build_table
from groupseg.strategies.fixed import Fixed
from tests.segments.networks import RandomNetwork, noise
from tests.tables import unit, vocabulary

CLASSES = tuple(f"class{label}" for label in range(8))
# Products of texts and embeddings are exact in float32: who adds them up, and in which order, changes no bit.
STEPS = 64
TEXT = np.round(STEPS * unit(np.random.default_rng(4).normal(size=(len(CLASSES), 6)))) / np.float32(STEPS)
THRESHOLDS = (0.0, 0.35, 0.9, 0.95, 1.0)
SIZES = [(15, 23), (31, 16), (12, 12), (9, 36), (25, 27), (3, 40)]
FRAMES = {
    "stride half": Windows(short=12, long=36, crop=12, stride=6),
    "stride odd": Windows(short=11, long=30, crop=9, stride=4),
    "apart": Windows(short=12, long=36, crop=6, stride=6),
    "whole": Windows(short=12, long=36, crop=None, stride=None),
}


class Coarse(RandomNetwork):
    """A random network whose embeddings have few digits."""

    def _window(self, image: Tensor, size: tuple[int, int]) -> WindowSegments:
        embedding, whole, masks = super()._window(image, size)
        return WindowSegments((STEPS * embedding).round() / STEPS, (STEPS * whole).round() / STEPS, masks)


def network(frame: Windows, scale: float = 25.0) -> RandomNetwork:
    """Many groups, of which some own no pixel, and a scale that gives scores anywhere in 0..1."""
    made = Coarse(frame, groups=14, patch=2)
    made.scale = scale
    return made


class Window:
    """What the release computes in one window: in float32, or as exactly as may be."""

    def __init__(self, net: RandomNetwork, pixels: Tensor, text: NDArray[np.float32], kind: torch.dtype) -> None:
        embedding, image, masks = (part[0] for part in net(pixels[None]))
        size = pixels.shape[1:]
        full = F.interpolate(masks[None], size=size, mode="bilinear", align_corners=False)[0]
        self.owner = full.argmax(dim=0)
        words = torch.tensor(text).to(kind)
        affinity = (embedding.to(kind) @ words.T) * net.scale
        nearness = (image.to(kind) @ words.T) * net.scale
        top = nearness.topk(min(5, len(text))).indices
        masked = torch.full_like(affinity, -torch.inf)
        masked[:, top] = affinity[:, top]
        self.scores = masked.softmax(dim=1) * affinity.softmax(dim=1)


# Size of the resized image, and top, left and content of each window.
Seen = tuple[tuple[int, int], list[tuple[int, int, Window]]]


def look(
    net: RandomNetwork, image: NDArray[np.uint8], text: NDArray[np.float32] = TEXT, kind: torch.dtype = torch.float32
) -> Seen:
    """Resizes an image and runs the network over its windows."""
    frame, (height, width) = net.frame, image.shape[:2]
    assert isinstance(frame, Windows)
    factor = min(frame.long / max(height, width), frame.short / min(height, width))
    size = int(height * factor + 0.5), int(width * factor + 0.5)
    resized = torch.from_numpy(cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)).permute(2, 0, 1)
    crop = (frame.crop, frame.crop) if frame.crop else size
    stride = (frame.stride, frame.stride) if frame.stride else size
    grid = [max(side - own + step - 1, 0) // step + 1 for side, own, step in zip(size, crop, stride, strict=True)]
    found = []
    for row in range(grid[0]):
        for column in range(grid[1]):
            bottom, right = min(row * stride[0] + crop[0], size[0]), min(column * stride[1] + crop[1], size[1])
            top, left = max(bottom - crop[0], 0), max(right - crop[1], 0)
            found.append((top, left, Window(net, resized[:, top:bottom, left:right], text, kind)))
    return size, found


def per_window(seen: Seen, image: NDArray[np.uint8], threshold: float, background: bool) -> NDArray[np.int64]:
    """Label map by the release: a threshold in each window, then the mean over windows, then the highest softmax."""
    size, windows = seen
    kind, classes = windows[0][2].scores.dtype, windows[0][2].scores.shape[1]
    total, count = torch.zeros(1 + classes, *size, dtype=kind), torch.zeros(size, dtype=kind)
    for top, left, window in windows:
        logits = torch.zeros(1 + classes, *window.owner.shape, dtype=kind)
        logits[1:] = window.scores[window.owner].permute(2, 0, 1)
        if background:
            logits[0, logits[1:].amax(dim=0) < min(threshold, window.scores.max().item())] = 1
        place = slice(top, top + logits.shape[1]), slice(left, left + logits.shape[2])
        total[:, place[0], place[1]] += logits
        count[place] += 1
    assert count.min() > 0
    first = 0 if background else 1
    return labels(image, (total / count)[first:].softmax(dim=0).permute(1, 2, 0)) + first


def averaged(seen: Seen, image: NDArray[np.uint8], threshold: float) -> NDArray[np.int64]:
    """Label map by the simpler rule: the mean over windows, then the threshold."""
    size, windows = seen
    total, count = np.zeros((*size, windows[0][2].scores.shape[1])), np.zeros((*size, 1))
    for top, left, window in windows:
        for row in range(window.owner.shape[0]):
            for column in range(window.owner.shape[1]):
                total[top + row, left + column] += window.scores[window.owner[row, column]].numpy()
                count[top + row, left + column] += 1
    mean = total / count
    lower = np.where(mean.max(axis=2) < threshold, 2, -1)[:, :, None]
    return labels(image, torch.from_numpy(np.concatenate([lower, mean], axis=2)))


def labels(image: NDArray[np.uint8], scores: Tensor) -> NDArray[np.int64]:
    """The first of the highest scores [h, w, K] under the centre of each pixel of the image."""
    rows, columns = (
        (torch.arange(side) + 0.5).mul(own / side).long()
        for side, own in zip(image.shape, scores.shape[:2], strict=False)
    )
    return scores.numpy().argmax(axis=2)[rows[:, None], columns].astype(np.int64)


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
    seen = [look(net, image) for image in images]
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
    assert all((given == 0).all() for given in found.by(Fixed(threshold=2.0, clamp=False, per_window=True)))


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("scale", [60.0, 100.0])
def test_scores_that_round_to_one_give_the_labels_of_the_release(name: str, scale: float) -> None:
    net, images = network(FRAMES[name], scale), [noise(size, seed) for seed, size in enumerate(SIZES)]
    # Pixels around grey, so that windows are of other classes than those beside them, and are as sure of it.
    net._lean = -1.5 * net._say.sum(dim=2)
    found = Labelled(net, images, len(CLASSES), background=True)
    seen = [(look(net, image), look(net, image, kind=torch.float64)) for image in images]
    changed = dict.fromkeys((0.35, 0.95, 1.0), 0)
    for threshold in changed:
        maps = found.by(Fixed(threshold=threshold, per_window=True))
        for image, (released, exact), given in zip(images, seen, maps, strict=True):
            np.testing.assert_array_equal(given, per_window(released, image, threshold, background=True))
            changed[threshold] += np.count_nonzero(given != per_window(exact, image, threshold, background=True))
    # What the rounding decides: between windows that overlap, and which segments are as high as the highest.
    assert changed[1.0] > 100


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_label_maps_after_averaging_are_those_of_the_simpler_rule(threshold: float) -> None:
    net, images = network(FRAMES["stride half"]), [noise(size, seed) for seed, size in enumerate(SIZES[:3])]
    found = Labelled(net, images, len(CLASSES), background=True)
    for image, given in zip(images, found.by(Fixed(threshold=threshold, clamp=False)), strict=True):
        np.testing.assert_array_equal(given, averaged(look(net, image, kind=torch.float64), image, threshold))


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
