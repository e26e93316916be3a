"""Pictures that are there twice, also where one of them was scaled or compressed again."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from groupseg.datasets.content import pixel_digest

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
        digest: That of its pixels.
        phash: Its perceptual hash, 64 bits: which of its 64 lowest frequencies are above their median (Zauner 2010,
            "Implementation and benchmarking of perceptual image hash functions", section 3.2.1).
        greys: uint8 [16, 16], the picture made small.
    """

    digest: str
    phash: int
    greys: NDArray[np.uint8]


def fingerprint(image: NDArray[np.uint8]) -> Print:
    """Computes what a picture, uint8 [H, W, 3], is known again by."""
    grey = Image.fromarray(image).convert("L")
    low = dctn(np.asarray(grey.resize((32, 32), Image.Resampling.BOX), dtype=np.float64), norm="ortho")[:8, :8]
    phash = int.from_bytes(np.packbits(low > np.median(low)).tobytes())
    return Print(pixel_digest(image), phash, np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX)))


def find_twins(prints: list[Print]) -> list[tuple[int, int]]:
    """Finds pictures that are the same or nearly so.

    Returns:
        Each picture that has a twin before it in the list, behind the first of these; in the order of the list. Not all
        pairs: of a thousand black pictures there are half a million.
    """
    # Of equal pictures the first is enough to find those that are nearly the same.
    firsts: dict[str, int] = {}
    leader = np.array([firsts.setdefault(entry.digest, place) for place, entry in enumerate(prints)], dtype=np.int64)
    places = np.array(list(firsts.values()), dtype=np.int64)
    near = places[_first_alike([prints[place] for place in places])]
    earliest = near[np.searchsorted(places, leader)]
    return [(int(earliest[place]), int(place)) for place in np.flatnonzero(earliest < np.arange(len(prints)))]


def _first_alike(prints: list[Print]) -> NDArray[np.int64]:
    """Returns for each picture the place of the first that is nearly the same: itself where there is none before it."""
    hashes = np.array([entry.phash for entry in prints], dtype=np.uint64)
    greys = np.array([entry.greys for entry in prints], dtype=np.int16).reshape(-1, _SIDE * _SIDE)
    earliest = np.arange(len(prints))
    for byte in range(_BYTES):
        for one, other in _sharing((hashes >> np.uint64(8 * byte)) & np.uint64(255)):
            close = np.bitwise_count(hashes[one] ^ hashes[other]) <= _BITS
            first, second = np.minimum(one, other)[close], np.maximum(one, other)[close]
            alike = np.abs(greys[first] - greys[second]).mean(axis=1) <= _GREYS
            np.minimum.at(earliest, second[alike], first[alike])
    return earliest


def _sharing(values: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yields all pairs of places whose value is the same, many at a time."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    for apart in range(1, len(values)):
        same = ranked[apart:] == ranked[:-apart]
        if not same.any():
            return
        yield order[:-apart][same], order[apart:][same]
