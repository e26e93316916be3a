"""What a threshold does to all test images, step by step: all that a page needs to count again at any threshold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.array_types import Floats, Integers
from groupseg.explore.packed import smallest
from groupseg.metrics.confusion import hits
from groupseg.metrics.curve import MARGIN, threshold_curve

# Thresholds of a curve, at most, where there are few segments; where there are many, entries of all its steps.
POSITIONS, _SEGMENTS, ENTRIES = 1000, 20_000, 20_000
# Fewest positions, however many classes there are.
FEWEST = 100


@dataclass(frozen=True, eq=False)
class Slider:
    """The positions of a threshold, and what it does at each of them.

    At position p a segment keeps its candidate where its score reaches `thresholds[p]`.

    Attributes:
        thresholds: [P] float64, ascending; at the last one everything is background, but for what scores infinity.
        marks: Positions by name, and the threshold that each is for; that of the position is the next score from there.
        last: [E] the highest position at which the pixels of this entry are no background, descending.
        label: [E] their label, 1..C.
        hits: [E] how many of them have that label.
        pixels: [E] how many there are.
        lost: [E] how many of them are background in truth.
    """

    thresholds: Floats
    marks: dict[str, tuple[int, float]]
    last: Integers
    label: Integers
    hits: Integers
    pixels: Integers
    lost: Integers

    def place(self, score: Floats) -> Integers:
        """The highest position at which each of [S] scores reaches the threshold."""
        return _place(self.thresholds, score)

    def to_page(self) -> dict[str, Any]:
        """What the page reads; see `groupseg.explore.packed`."""
        counts = {name: smallest(getattr(self, name)) for name in ("last", "label", "hits", "pixels", "lost")}
        marks = {name: {"at": place, "value": value} for name, (place, value) in self.marks.items()}
        return {"thresholds": self.thresholds.astype(np.float32), "marks": marks, **counts}


def make_slider(label: NDArray[np.int32], score: Floats, histogram: csr_array, marks: Mapping[str, float]) -> Slider:
    """Makes the slider of a single threshold.

    Args:
        label: [S] int32, candidate of each segment, 1..C.
        score: [S] float64, its score; infinite where no threshold makes it background.
        histogram: [S, C + 1] int64, pixels of each true label under each segment.
        marks: Thresholds by name, which get positions of their own.

    Returns:
        The slider; among its marks "best", the position of highest mIoU (of equals, the highest threshold).
    """
    levels = _levels(score)
    curve = threshold_curve(label, np.minimum(score, levels[-1]), histogram)
    # Of a curve the first threshold lies above all scores; where some are infinite, nothing happens there.
    miou = curve.miou[::-1][: len(levels)]
    places = _marked(levels, marks)
    places["best"] = len(levels) - 1 - int(np.nan_to_num(miou)[::-1].argmax())
    kept = _spread(len(levels), _positions(histogram), list(places.values()))
    thresholds = levels[kept]
    positions = {name: int(np.searchsorted(kept, place)) for name, place in places.items()}
    named = {name: (place, float(marks.get(name, thresholds[place]))) for name, place in positions.items()}
    return Slider(thresholds, named, *_entries(label, score, histogram, thresholds))


def plain_slider(score: Floats, marks: Mapping[str, float]) -> Slider:
    """Makes a slider of segments without truth, which counts nothing; arguments as in `make_slider`."""
    levels = _levels(score)
    places = _marked(levels, marks)
    kept = _spread(len(levels), POSITIONS, list(places.values()))
    named = {name: (int(np.searchsorted(kept, place)), marks[name]) for name, place in places.items()}
    nothing = np.zeros(0, np.int64)
    return Slider(levels[kept], named, nothing, nothing, nothing, nothing, nothing)


def _place(thresholds: Floats, score: Floats) -> Integers:
    """The highest position at which each score reaches the threshold."""
    return np.searchsorted(thresholds, score, side="right") - 1


def _marked(levels: Floats, marks: Mapping[str, float]) -> dict[str, int]:
    """Where marks lie among the levels: at the next one from there up."""
    return {name: min(int(np.searchsorted(levels, value)), len(levels) - 1) for name, value in marks.items()}


def _levels(score: Floats) -> Floats:
    """All thresholds that differ by what they let in, ascending: the finite scores, and one above them."""
    finite = score[np.isfinite(score)]
    return np.append(np.unique(finite), finite.max(initial=0) + MARGIN)


def _positions(histogram: csr_array) -> int:
    segments, labels = histogram.shape
    return POSITIONS if segments <= _SEGMENTS else min(POSITIONS, max(ENTRIES // labels, FEWEST))


def _spread(count: int, most: int, marked: list[int]) -> Integers:
    """Chooses of 0..count-1 at most `most`, evenly spread, and those that are marked."""
    spread = np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)
    return np.unique([*spread, *marked])


def _entries(
    label: NDArray[np.int32], score: Floats, histogram: csr_array, thresholds: Floats
) -> tuple[Integers, Integers, Integers, Integers, Integers]:
    """Sums up segments of one label that become background at the same position."""
    last = _place(thresholds, score)
    key = (len(thresholds) - 1 - last) * histogram.shape[1] + label
    entry, place = np.unique(key, return_inverse=True)
    back, labels = np.divmod(entry, histogram.shape[1])
    columns = hits(histogram, label), histogram.sum(axis=1), hits(histogram, np.zeros_like(label))
    sums = (np.bincount(place, column, len(entry)).astype(np.int64) for column in columns)
    found, pixels, lost = sums
    return len(thresholds) - 1 - back, labels, found, pixels, lost
