"""Frames against OpenCV, which mmcv resizes with, against torchvision, and against windows cut one by one."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torchvision.transforms.v2.functional import resize as tv_resize

from groupseg.networks.frame import Square, Windows, resize
from tests.segments.networks import noise

OFFICIAL = Windows(short=448, long=2048, crop=448, stride=224, patch=16)

SIDES = st.integers(1, 90)


def slide(height: int, width: int, crop: int, stride: int) -> list[tuple[int, int, int, int]]:
    """`EncoderDecoder.slide_inference` of mmsegmentation 0.x, line by line."""
    boxes = []
    for row in range(max(height - crop + stride - 1, 0) // stride + 1):
        for column in range(max(width - crop + stride - 1, 0) // stride + 1):
            bottom, right = min(row * stride + crop, height), min(column * stride + crop, width)
            boxes.append((max(bottom - crop, 0), max(right - crop, 0), bottom, right))
    return boxes


@settings(max_examples=60, deadline=None)
@given(height=SIDES, width=SIDES, crop=st.integers(1, 40), data=st.data())
def test_windows_are_those_of_mmsegmentation_and_cover_the_canvas(
    height: int, width: int, crop: int, data: st.DataObject
) -> None:
    stride = data.draw(st.integers(1, crop))
    frame = Windows(short=1, long=1, crop=crop, stride=stride)
    assert [tuple(box) for box in frame.boxes(height, width)] == slide(height, width, crop, stride)
    covered = np.zeros((height, width), dtype=bool)
    for box in frame.boxes(height, width):
        covered[box.top : box.bottom, box.left : box.right] = True
    assert covered.all()


@pytest.mark.parametrize(
    ("size", "resized", "windows"),
    [
        ((375, 500), (448, 597), 2),
        ((500, 375), (597, 448), 2),
        ((448, 448), (448, 448), 1),
        ((281, 500), (448, 797), 3),
        ((1080, 1920), (448, 796), 3),
        ((100, 1000), (205, 2048), 9),  # the longer side decides
        ((1, 1), (448, 448), 1),
        ((10, 20000), (16, 2048), 9),  # not less than a patch
        ((20000, 10), (2048, 16), 9),
    ],
)
def test_sizes_of_the_official_configuration(size: tuple[int, int], resized: tuple[int, int], windows: int) -> None:
    assert OFFICIAL.size(*size) == resized
    views = OFFICIAL.views(np.zeros((*size, 3), dtype=np.uint8))
    assert views.canvas == resized
    assert len(views.windows) == len(views.boxes) == windows
    assert all(tuple(window.shape) == (3, *box.size) for window, box in zip(views.windows, views.boxes, strict=True))


def rescaled(height: int, width: int, long: int, short: int) -> tuple[int, int]:
    """`mmcv.rescale_size`: the factor from the sides, then each side rounded half up."""
    factor = min(long / max(height, width), short / min(height, width))
    return int(height * float(factor) + 0.5), int(width * float(factor) + 0.5)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 3000), width=st.integers(1, 3000))
def test_proportions_are_kept_as_mmcv_does(height: int, width: int) -> None:
    found = OFFICIAL.size(height, width)
    assert found == tuple(max(side, 16) for side in rescaled(height, width, 2048, 448))


@pytest.mark.parametrize(
    "size", [(375, 500), (67, 33), (500, 333), (448, 600), (30, 1000), (700, 701), (896, 1200), (1, 1), (3, 2)]
)
def test_resizing_is_that_of_opencv_and_within_a_grey_level_that_of_torchvision(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    target = OFFICIAL.size(*size)
    found = resize(image, target).permute(1, 2, 0).numpy()
    expected = cv2.resize(image, target[::-1], interpolation=cv2.INTER_LINEAR)
    assert found.shape == (*target, 3)
    assert differing(found, expected) <= 1e-3
    floating = tv_resize(torch.from_numpy(image).permute(2, 0, 1).float(), list(target), antialias=False)
    assert np.abs(found - floating.permute(1, 2, 0).numpy()).max() <= 1
    # With antialiasing, as torchvision resizes by default, it would be another picture.
    smooth = cv2.resize(image, target[::-1], interpolation=cv2.INTER_AREA)
    if size == (700, 701):
        assert differing(smooth, expected) > 0.5


def differing(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The share of values that are not equal."""
    return float(np.mean(one != other))


def test_photographs_are_resized_as_by_opencv_where_exact_arithmetic_is_not(real: Path) -> None:
    ours, exact = [], []
    for path in sorted((real / "VOCdevkit/VOC2012/JPEGImages").glob("*.jpg"))[:8]:
        image = np.asarray(Image.open(path).convert("RGB"))
        target = OFFICIAL.size(*image.shape[:2])
        expected = cv2.resize(image, target[::-1], interpolation=cv2.INTER_LINEAR)
        channels = torch.from_numpy(image.copy()).permute(2, 0, 1)
        rounded = tv_resize(channels.double(), list(target), antialias=False).round().byte().permute(1, 2, 0).numpy()
        ours.append(differing(resize(image, target).permute(1, 2, 0).numpy(), expected))
        exact.append(differing(rounded, expected))
    assert max(ours) <= 1e-3
    assert min(exact) > 0.05


def test_windows_are_cut_from_the_resized_image() -> None:
    image = noise((30, 47), 0)
    frame = Windows(short=24, long=200, crop=24, stride=10)
    views = frame.views(image)
    whole = resize(image, views.canvas).numpy()
    assert views.canvas == (24, 38)
    assert [box.left for box in views.boxes] == [0, 10, 14]
    for window, box in zip(views.windows, views.boxes, strict=True):
        np.testing.assert_array_equal(window.numpy(), whole[:, box.top : box.bottom, box.left : box.right])


def test_the_whole_image_may_be_the_only_window() -> None:
    views = Windows(short=24, long=200, crop=None, stride=None).views(noise((30, 47), 0))
    assert [tuple(box) for box in views.boxes] == [(0, 0, 24, 38)]


def test_a_square_leaves_the_canvas_at_the_size_of_the_image() -> None:
    views = Square(32).views(noise((30, 47), 0))
    assert views.canvas == (30, 47)
    assert [tuple(window.shape) for window in views.windows] == [(3, 32, 32)]
    assert [tuple(box) for box in views.boxes] == [(0, 0, 30, 47)]


def test_images_that_may_not_be_written_are_read_and_left_as_they_are() -> None:
    image = noise((20, 20), 0)
    image.flags.writeable = False
    before = image.copy()
    for frame in (Square(16), Square(20), OFFICIAL, Windows(short=20, long=20, crop=8, stride=4)):
        frame.views(image)
    np.testing.assert_array_equal(image, before)


def test_the_protocol_says_what_is_done() -> None:
    assert Square(128).protocol() == {"resolution": "128x128", "window": "whole"}
    assert OFFICIAL.protocol() == {
        "resolution": "short side 448, long side up to 2048",
        "resizing": "bilinear, without antialiasing, as OpenCV rounds",
        "window": "448x448, stride 224",
        "labels": "brought to the size of the image by the nearest pixel",
    }
    assert Windows(short=448, long=2048, crop=None, stride=None).protocol()["window"] == "whole"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"crop": None}, "both be given or none"),
        ({"stride": None}, "both be given or none"),
        ({"stride": 449}, r"stride must be at most crop \(448\), but got 449"),
        ({"stride": 0}, "stride must be positive, but got 0"),
        ({"short": -1}, "short must be positive"),
    ],
)
def test_numbers_that_cannot_be_are_errors(changes: dict[str, int | None], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Windows(**{"short": 448, "long": 2048, "crop": 448, "stride": 224, **changes})
