"""Pictures that are there twice, also where one of them was scaled or compressed again."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

# On photographs, copies at 37 to 100 % of the size and JPEG qualities from 30 on differ by at most 8 bits of the hash,
# nearly all by at most 4, and by at most 3 grey levels; different pictures by 14 bits or more.
_BITS, _GREYS = 6, 8.0
# Of two hashes that differ in fewer bits than there are bytes, one byte is the same.
_BYTES = 8
_SIDE = 16


@dataclass(frozen=True)
class Print:
    """What is kept of a picture, so that it can be known again.

    Attributes:
        digest: sha256 of its pixels.
        phash: Its perceptual hash, 64 bits: which of its 64 lowest frequencies are above their median (Zauner 2010,
            "Implementation and benchmarking of perceptual image hash functions", section 3.2.1).
        greys: uint8 [16, 16], the picture made small.
    """

    digest: bytes
    phash: int
    greys: NDArray[np.uint8]


def fingerprint(image: NDArray[np.uint8]) -> Print:
    """Computes what a picture, uint8 [H, W, 3], is known again by."""
    grey = Image.fromarray(image).convert("L")
    low = dctn(np.asarray(grey.resize((32, 32), Image.Resampling.BOX), dtype=np.float64), norm="ortho")[:8, :8]
    phash = int.from_bytes(np.packbits(low > np.median(low)).tobytes())
    digest = sha256(repr(image.shape).encode() + image.tobytes()).digest()
    return Print(digest, phash, np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX)))


def find_twins(prints: list[Print]) -> list[tuple[int, int]]:
    """Returns the pairs of pictures that are the same or nearly so, as ascending pairs of places in the list."""
    hashes = np.array([entry.phash for entry in prints], dtype=np.uint64)
    greys = np.array([entry.greys for entry in prints], dtype=np.int16).reshape(-1, _SIDE * _SIDE)
    found: set[tuple[int, int]] = set()
    for byte in range(_BYTES):
        for first, second in _sharing((hashes >> np.uint64(8 * byte)) & np.uint64(255)):
            close = np.bitwise_count(hashes[first] ^ hashes[second]) <= _BITS
            first, second = first[close], second[close]
            alike = np.abs(greys[first] - greys[second]).mean(axis=1) <= _GREYS
            pairs = np.sort(np.stack([first[alike], second[alike]], axis=1), axis=1)
            found.update((int(one), int(other)) for one, other in pairs)
    return sorted(found)


def _sharing(values: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yields all pairs of places whose value is the same, many at a time."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    for apart in range(1, len(values)):
        same = ranked[apart:] == ranked[:-apart]
        if not same.any():
            return
        yield order[:-apart][same], order[apart:][same]
