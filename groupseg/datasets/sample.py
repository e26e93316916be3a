"""What data sets are made of: labelled images, and images with captions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Sample:
    """A labelled image.

    Args:
        key: Its name in shards and tables, unique in the data set; see `sample_key`.
        image: uint8 [H, W, 3], RGB, upright, at the original resolution.
        mask: Integer [H, W]: 0 = background, c = entry c - 1 of the class list, `ignore_value` = unknown.
        name: What its owner calls it.
        encoded: A JPEG or PNG file that decodes to `image`, to be stored as it is; None where there is none.
    """

    key: str
    image: NDArray[np.uint8]
    mask: NDArray[np.integer]
    name: str
    encoded: bytes | None = None


@dataclass(frozen=True, eq=False)
class CaptionedImage:
    """An image with its caption and no label.

    Args:
        key: Its name in the shards, unique in the corpus.
        image: uint8 [H, W, 3], RGB.
        caption: One sentence.
        nouns: The words of the caption that name something.
    """

    key: str
    image: NDArray[np.uint8]
    caption: str
    nouns: list[str]


def ignore_value(classes: int) -> int:
    """Returns the mask value of ignored pixels: 255, or 65535 where there are more than 254 classes."""
    return 255 if classes <= 254 else 65535


def sample_key(name: str) -> str:
    """Returns a name without `.` and `/`, which end a key and a folder in a shard. No two names share one."""
    return name.replace("%", "%25").replace(".", "%2E").replace("/", "%2F")
