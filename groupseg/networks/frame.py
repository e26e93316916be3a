"""Frames: how an image of any size becomes what a network reads, and where on the image each piece lies.

Torch is imported where images are resized: every stage checks the frames in params.yaml, and few need it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Image = NDArray[np.uint8]


class Box(NamedTuple):
    """A rectangle of a canvas, in pixels: rows top..bottom - 1, columns left..right - 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left


class Views(NamedTuple):
    """The windows of an image.

    Attributes:
        canvas: Height and width of the canvas, on which the masks of all windows are put together. It is then brought
            to the size of the image, if it has another.
        windows: What the network reads, uint8 [3, h, w], RGB.
        boxes: Where on the canvas each window lies. Together they cover it.
    """

    canvas: tuple[int, int]
    windows: "list[Tensor]"
    boxes: list[Box]


@dataclass(frozen=True)
class Square:
    """The whole image squeezed into a square; its masks are brought straight to the size of the image.

    Attributes:
        side: Pixels.
    """

    side: int

    def views(self, image: Image) -> Views:
        """Makes the only window of an image, uint8 [H, W, 3]."""
        from groupseg.networks.scenes.images import to_square

        size = image.shape[0], image.shape[1]
        # Copied, because decoded images are read-only and torch wants to own what it wraps.
        return Views(size, [to_square(image.copy(), self.side)], [Box(0, 0, *size)])

    def protocol(self) -> dict[str, str]:
        """Says in words what is done, for the protocol of a segment table."""
        return {"resolution": f"{self.side}x{self.side}", "window": "whole"}


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The test pipeline of mmsegmentation: resized with its proportions kept, then read through sliding windows.

    The published configurations of GroupViT (`segmentation/configs/_base_/datasets`) have short=448, long=2048,
    crop=448, stride=224.

    Attributes:
        short: The shorter side becomes this long, pixels,
        long: unless the longer one would become longer than this.
        crop: Side of a window; None for the whole image as one window. A side of the image that is shorter is that of
            its windows.
        stride: Distance of windows, pixels; None for the whole image. The last window of a row or column is moved back
            until it ends with the image.
        patch: No side becomes shorter than this: a network needs a patch at least. The official code fails there.

    Raises:
        ValueError: If a number is not positive, only one of `crop` and `stride` is given, or windows leave gaps.
    """

    short: int
    long: int
    crop: int | None
    stride: int | None
    patch: int = 1

    def __post_init__(self) -> None:
        """Checks ranges."""
        if (self.crop is None) != (self.stride is None):
            raise ValueError(f"crop and stride must both be given or none, but got {self.crop} and {self.stride}")
        for name in ("short", "long", "crop", "stride", "patch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be positive, but got {value}")
        if self.crop is not None and self.stride is not None and self.stride > self.crop:
            raise ValueError(f"stride must be at most crop ({self.crop}), but got {self.stride}")

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that an image is resized to, rounded as `mmcv.imrescale` does."""
        factor = min(self.long / max(height, width), self.short / min(height, width))
        return max(int(height * factor + 0.5), self.patch), max(int(width * factor + 0.5), self.patch)

    def boxes(self, height: int, width: int) -> list[Box]:
        """Windows of a canvas in the order of `EncoderDecoder.slide_inference` of mmsegmentation: row by row."""
        return [
            Box(top, left, bottom, right) for top, bottom in self._spans(height) for left, right in self._spans(width)
        ]

    def views(self, image: Image) -> Views:
        """Resizes an image, uint8 [H, W, 3], and cuts its windows."""
        canvas = self.size(image.shape[0], image.shape[1])
        resized, boxes = resize(image, canvas), self.boxes(*canvas)
        windows = [resized[:, box.top : box.bottom, box.left : box.right] for box in boxes]
        return Views(canvas, windows, boxes)

    def protocol(self) -> dict[str, str]:
        """Says in words what is done, for the protocol of a segment table."""
        return {
            "resolution": f"short side {self.short}, long side up to {self.long}",
            "resizing": "bilinear, without antialiasing, as OpenCV rounds",
            "window": "whole" if self.stride is None else f"{self.crop}x{self.crop}, stride {self.stride}",
            "labels": "brought to the size of the image by the nearest pixel",
        }

    def _spans(self, length: int) -> list[tuple[int, int]]:
        """First pixel and one past the last of each window along a side."""
        if self.crop is None or self.stride is None:
            return [(0, length)]
        count = max(length - self.crop + self.stride - 1, 0) // self.stride + 1
        ends = [min(index * self.stride + self.crop, length) for index in range(count)]
        return [(max(end - self.crop, 0), end) for end in ends]


Frame = Square | Windows


def resize(image: Image, size: tuple[int, int]) -> "Tensor":
    """Resizes an image as `cv2.resize` with INTER_LINEAR does, which mmcv calls: in fixed point, no antialiasing.

    Args:
        image: uint8 [H, W, 3].
        size: Height and width.

    Returns:
        uint8 [3, *size], equal to what OpenCV makes (modules/imgproc/src/resize.cpp): weights have 11 bits, and the 22
        of the products are cut in two steps before they are rounded.
    """
    import torch

    if image.shape[:2] != size:
        (left, right), (near_left, near_right) = _neighbours(image.shape[1], size[1])
        (above, below), (near_above, near_below) = _neighbours(image.shape[0], size[0])
        wide = (image[:, left] * near_left[:, None] + image[:, right] * near_right[:, None]) >> 4
        upper, lower = wide[above] * near_above[:, None, None] >> 16, wide[below] * near_below[:, None, None] >> 16
        image = (upper + lower + 2 >> 2).astype(np.uint8)
    # Copied, because decoded images are read-only and torch wants to own what it wraps.
    return torch.from_numpy(image.transpose(2, 0, 1).copy())


def _neighbours(source: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Finds the two source pixels next to the centre of each target pixel along a side, and their weights of 2048."""
    place = ((np.arange(target) + 0.5) * (source / target) - 0.5).astype(np.float32)
    first = np.floor(place)
    share = place - first
    pixels = np.stack([first, first + 1]).astype(np.intp).clip(0, source - 1)
    return pixels, np.rint(np.stack([1 - share, share]) * 2048).astype(np.int32)
