"""The best threshold for each class: the search behind `per_class`.

With one threshold per class, the IoU of a class depends on its own threshold alone. Only the background
couples the classes: its IoU is A / B, where A is its pixels less those that classes have `lost` it, and B is
all pixels less those of other labels that classes have `taken`. So the mIoU of any choice is a sum of numbers
looked up per class, plus one fraction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from groupseg.array_types import Floats, Integers
from groupseg.metrics.curve import MARGIN, Steps, background_iou, midpoints

_Rows = slice | Integers

# How finely the search looks at the trade between background and classes. It only costs time.
CELLS, PRICES, STARTS = 32, 24, 8
# A step must gain more than rounding can.
_GAIN = 1e-12


@dataclass(frozen=True, eq=False)
class Cuts:
    """All cuts that each class can have, in rows start[c - 1] .. start[c] - 1 for class c.

    A choice is [C] int64: one row for each class.

    Attributes:
        start: [C + 1] int64, the first row of each class, and the number of rows K.
        threshold: [K] float64, descending within a class; the first is above all segments of the class.
        iou: [K] float64, IoU of the class.
        lost: [K] int64, background pixels that the class has.
        taken: [K] int64, pixels of any class but the background that the class has.
        single: [C] int64, the choice that equals the single threshold.
        truth: [C + 1] int64, true pixels of each label.
        occurring: How many classes, without background, are part of the mean, whatever the choice.
    """

    start: Integers
    threshold: Floats
    iou: Floats
    lost: Integers
    taken: Integers
    single: Integers
    truth: Integers
    occurring: int

    def miou(self, choice: Integers) -> Floats:
        """Computes the mIoU of choices [..., C]: [...] float64."""
        background = background_iou(self.truth, self.lost[choice].sum(axis=-1), self.taken[choice].sum(axis=-1))
        occurring = np.maximum(self.occurring + ~np.isnan(background), 1)
        return np.asarray((self.iou[choice].sum(axis=-1) + np.nan_to_num(background)) / occurring)

    def best_rows(self, worth: Callable[[_Rows], Floats]) -> Integers:
        """Finds the row of the highest worth in each class: [..., C] int64.

        Args:
            worth: Computes what R rows are worth, [..., R]; asked of one class at a time.
        """
        best = [first + worth(slice(first, end)).argmax(axis=-1) for first, end in pairwise(self.start)]
        return np.stack(best, axis=-1)


def all_cuts(steps: Steps, single: float) -> Cuts:
    """Lists the cuts of each class; a class without true pixels can only have the single threshold."""
    last = np.append((np.diff(steps.score) != 0) | (np.diff(steps.label) != 0), True)[: len(steps.score)]
    threshold, rows, choice, start, occurring = [], [], [], [0], 0
    for label in range(1, len(steps.truth)):
        own = np.flatnonzero(last & (steps.label == label))
        score = steps.score[own]
        position = int(np.count_nonzero(score >= single))
        cut = midpoints(np.append(score.max(initial=single) + MARGIN, score))
        cut[position] = single  # the same labels, and no class moves that need not
        row = np.append(-1, own)
        if steps.truth[label] == 0:
            cut, row, position = cut[[position]], row[[position]], 0
        occurring += bool(steps.truth[label] > 0 or (row[0] >= 0 and steps.occurs[row[0]]))
        choice.append(start[-1] + position)
        start.append(start[-1] + len(row))
        threshold.append(cut)
        rows.append(row)
    row = np.concatenate(rows)
    # Row -1 is the cut above all segments: nothing is counted.
    iou, lost, taken = (np.append(column, 0)[row] for column in (steps.iou, steps.lost, steps.taken))
    return Cuts(np.array(start), np.concatenate(threshold), iou, lost, taken, np.array(choice), steps.truth, occurring)


def ascend(cuts: Cuts, choice: Integers) -> Integers:
    """Improves a choice one class at a time, over all cuts of the class, until no class can gain."""
    choice, best = choice.copy(), float(cuts.miou(choice))
    while True:
        before = best
        for column, (first, end) in enumerate(pairwise(cuts.start)):
            row = choice[column]
            iou = cuts.iou[choice].sum() - cuts.iou[row] + cuts.iou[first:end]
            lost = cuts.lost[choice].sum() - cuts.lost[row] + cuts.lost[first:end]
            taken = cuts.taken[choice].sum() - cuts.taken[row] + cuts.taken[first:end]
            background = background_iou(cuts.truth, lost, taken)
            miou = (iou + np.nan_to_num(background)) / np.maximum(cuts.occurring + ~np.isnan(background), 1)
            if miou.max() > best + _GAIN:
                choice[column], best = first + miou.argmax(), float(miou.max())
        if best == before:
            return choice


def search(cuts: Cuts) -> tuple[Integers, float]:
    """Finds the choice of highest mIoU.

    Coordinate ascent stops where no single class can gain, so it starts from many choices: the single
    threshold, the best cut of each class by itself, no background at all, and the solutions of `relaxations`.
    On all small cases tried this reaches the optimum; on any case the second result tells how far it can be.

    Returns:
        The choice, and an upper bound of the mIoU of any choice.
    """
    starts = [cuts.single, cuts.best_rows(lambda rows: cuts.iou[rows]), cuts.start[1:] - 1]
    choice = max((ascend(cuts, start) for start in starts), key=cuts.miou)
    relaxed, bound = relaxations(cuts, float(cuts.miou(choice)))
    _, distinct = np.unique(-cuts.miou(relaxed), return_index=True)
    for start in relaxed[distinct[:STARTS]]:
        better = ascend(cuts, start)
        if cuts.miou(better) > cuts.miou(choice) + _GAIN:
            choice = better
    return choice, max(bound, float(cuts.miou(choice)))


def relaxations(cuts: Cuts, reached: float) -> tuple[Integers, float]:
    """Solves the problem with the background at a price instead of a fraction (Lagrange; Dinkelbach 1967).

    Suppose the best choice has a background IoU of at least l: A - l * B >= 0. At any price p >= 0 its sum of
    class IoUs is then at most max(sum of IoU + p * (A - l * B)), and that maximum is taken by each class by
    itself. Cutting the range of background IoUs that can still beat `reached` into cells [l, h], the best sum
    in a cell is at most h more than this.

    Args:
        cuts: The cuts.
        reached: An mIoU that is known to be possible.

    Returns:
        [P, C] int64, the choices that take the maxima, and an upper bound of the mIoU of any choice with
        background.
    """
    terms = cuts.occurring + 1
    ceiling = cuts.iou[cuts.best_rows(lambda rows: cuts.iou[rows])].sum()
    highest = best_background(cuts)
    edges = np.linspace(min(max(reached * terms - ceiling, 0), highest), highest, CELLS + 1)
    total, background = cuts.truth.sum(), max(int(cuts.truth[0]), 1)
    # With p = 1 / B the price is the slope of A / B; beyond both ends of what B can be, for the bound's sake.
    price = np.append(0, np.geomspace(0.1 / total, 100 / background, PRICES))[:, None]

    def worth(low: float, rows: _Rows) -> Floats:
        return np.asarray(cuts.iou[rows] + price * (low * cuts.taken[rows] - cuts.lost[rows]))

    choices, bound = [], 0.0
    for low, high in pairwise(edges):
        choice = cuts.best_rows(partial(worth, low))
        surplus = price[:, 0] * (cuts.truth[0] - low * total)
        sums = worth(low, choice).sum(axis=1) + surplus
        bound = max(bound, float(sums.min() + high))
        choices.append(choice)
    return np.concatenate(choices), bound / terms


def best_background(cuts: Cuts) -> float:
    """The highest background IoU of any choice, by Dinkelbach's iteration; 0 where there is no background."""

    def worth(iou: float, rows: _Rows) -> Floats:
        return np.asarray(iou * cuts.taken[rows] - cuts.lost[rows])

    best = 0.0
    while True:
        choice = cuts.best_rows(partial(worth, best))
        iou = background_iou(cuts.truth, cuts.lost[choice].sum(), cuts.taken[choice].sum())
        if not float(np.nan_to_num(iou)) > best + _GAIN:
            return best
        best = float(iou)
