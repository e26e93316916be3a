"""The columns that all tables have alike: whose segments they are, how large, and the true labels under them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from groupseg.datasets.content import pixel_digest
from groupseg.datasets.sample import ignore_value
from groupseg.errors import UserError
from groupseg.segments.overlay import Map, compact


class Gathered:
    """Counts the segments of images, one after the other.

    Args:
        classes: Names without background.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self._keys: list[str] = []
        self._digests: list[str] = []
        self._areas: list[NDArray[np.int64]] = []
        self._histograms: list[csr_array] = []

    def add(
        self, key: str, segments: Map, mask: NDArray[np.integer], count: int, image: NDArray[np.uint8] | None = None
    ) -> NDArray[np.int64]:
        """Adds the segments of an image.

        Args:
            key: Name of the image.
            segments: int [H, W], 0..count-1, the segment of each pixel.
            mask: int [H, W], the true labels.
            count: How many segments there are.
            image: Its pixels, by which it is known again.

        Returns:
            int64 [count], the pixels of each segment.
        """
        self._keys.append(key)
        self._areas.append(np.bincount(segments.ravel(), minlength=count))
        self._histograms.append(histogram(segments, mask, count, len(self.classes)))
        if image is not None:
            self._digests.append(pixel_digest(image))
        return self._areas[-1]

    def columns(self, protocol: Mapping[str, str]) -> dict[str, Any]:
        """Returns what `SegmentTable` is told of them.

        Raises:
            UserError: If there is no image.
        """
        if not self._keys:
            split = f"{protocol['dataset']}: its {protocol['split']} split"
            raise UserError(f"{split} has no image. Run `dvc repro`, which prepares it.")
        return {
            "image": np.repeat(np.arange(len(self._keys), dtype=np.int32), list(map(len, self._areas))),
            "area": np.concatenate(self._areas),
            "histogram": csr_array(vstack(self._histograms, format="csr")),
            "keys": tuple(self._keys),
            "classes": self.classes,
            "digests": tuple(self._digests),
        }


def histogram(segments: Map, mask: NDArray[np.integer], count: int, classes: int) -> csr_array:
    """Counts the true labels under each segment.

    Args:
        segments: int [H, W], 0..count-1.
        mask: int [H, W], 0..classes, or the ignore value.
        count: Segments of the image.
        classes: Classes without background.

    Returns:
        int64 [count, classes + 1]; ignored pixels are in none.
    """
    known = mask != ignore_value(classes)
    # Of pixels that have scores there are many segments: no array of all cells.
    codes, cells = compact(segments[known] * (classes + 1) + mask[known], count * (classes + 1))
    counts = np.bincount(codes, minlength=len(cells))
    return csr_array((counts, np.divmod(cells, classes + 1)), shape=(count, classes + 1))
