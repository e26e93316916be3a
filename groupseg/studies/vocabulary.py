"""What more names do to scores and to the best threshold, while the same pixels count. No image is segmented again."""

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import held_mean_iou
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary, WordList
from groupseg.strategies.base import StrategyBase
from groupseg.strategies.protocol import Strategy, Thresholded
from groupseg.strategies.scores import Scores
from groupseg.strategies.single_threshold import SingleThreshold, best_threshold
from groupseg.studies.curves import miou_at
from groupseg.studies.draws import on_each

VOCABULARY_COLUMNS = ("kind", "strategy", "size", "draw", "threshold", "score", "miou", "miou_frozen", "miou_oracle")


@dataclass(frozen=True, eq=False)
class Growth:
    """Class lists that grow, while what is labelled stays.

    Attributes:
        kind: What is added.
        draw: Number of the draw.
        held: The classes whose pixels count, beside the background; all lists hold them.
        whole: All classes of the data set.
        lists: The lists to be judged.
    """

    kind: str
    draw: int
    held: tuple[str, ...]
    whole: Vocabulary
    lists: tuple[Vocabulary, ...]


def vocabulary_study(
    strategies: Mapping[str, Strategy],
    calib: SegmentTable,
    test: SegmentTable,
    vocabulary: Vocabulary,
    sizes: Sequence[int],
    absent: Sequence[int],
    draws: int,
    seed: int,
    workers: int,
) -> list[list[Any]]:
    """Gives the same segments longer and longer class lists, while the same pixels count.

    Kind "others": as many classes as the smallest of `sizes` are labelled, and other classes of the data set join the
    list. Their pixels are ignored from the beginning: the objects are in the images, but nothing is won by naming them.
    Kind "absent": all classes are labelled, and words of the list "absent" join, which name no class. (In drawn scenes
    nothing can be seen of them either; in photographs there may be.) Background is the same for all lists of a draw,
    and so is its share of what counts. The mean of mIoU is over the labels that have true pixels: a name without any
    lowers it by what it takes from others, and by nothing else.

    A draw is one shuffle, of which each size takes the beginning. More draws, or other sizes than the smallest, change
    nothing in the rest. Where segments have scores, words can only be left out: there is no kind "absent".

    Args:
        strategies: Those that have one threshold, calibrated or constant, by name; left as they are.
        calib: The segments of the calibration images.
        test: Those of the test images.
        vocabulary: All classes, with a word list "absent".
        sizes: Numbers of classes; all classes come besides in each draw.
        absent: How many absent words to add; none and all of them come besides, once, as draw 0.
        draws: How many draws.
        seed: Seed of the shuffles.
        workers: Processes; their number does not change the result.

    Returns:
        Rows of `VOCABULARY_COLUMNS`: "kind", "strategy", "size" (names in the list), "draw"; "threshold", the best one
        on the calibration images; "score", the median over their labelled segments of the score of the best class; and
        on the test images, in 0..1, "miou" with that threshold, "miou_frozen" with the one found for all classes
        without absent words, and "miou_oracle" of the label oracle. A threshold is all that is frozen: what else a
        strategy fits belongs to the classes it was fitted on. NaN where a draw leaves nothing to fit.

    Raises:
        UserError: If a strategy has no single threshold, or there is no absent word.
    """
    single = {name: _with_threshold(name, strategy) for name, strategy in strategies.items()}
    growths = list(_others(vocabulary, sizes, draws, seed))
    if calib.kind == "embeddings":
        growths += _absent(vocabulary, absent, draws, seed)
    found = on_each(partial(_judge, single, calib, test), growths, "vocabulary", workers)
    place = {name: number for number, name in enumerate(["others", "absent", *strategies])}
    rows = sorted(
        (row for some in found for row in some),
        key=lambda row: (place[row["kind"]], place[row["strategy"]], row["size"], row["draw"]),
    )
    return [[row.get(column, math.nan) for column in VOCABULARY_COLUMNS] for row in rows]


def _with_threshold(name: str, strategy: Strategy) -> Thresholded:
    if not (isinstance(strategy, StrategyBase) and strategy.HAS_THRESHOLD):
        raise UserError(
            f"Expected strategies with a single threshold for the study of vocabularies, but got {name!r}, whose "
            "parameters belong to the classes it was fitted on. Leave it out."
        )
    return cast(Thresholded, strategy)


def _others(vocabulary: Vocabulary, sizes: Sequence[int], draws: int, seed: int) -> Iterator[Growth]:
    """Yields lists that grow by other classes of the data set; none where no size leaves a class out."""
    count = len(vocabulary.classes)
    smaller = sorted({size for size in sizes if size < count})
    for draw in range(draws) if smaller else ():
        shuffled = np.random.default_rng([seed, draw]).permutation(count)
        # In the order of the data set, so that ties are decided as there.
        names = [[vocabulary.classes[row] for row in np.sort(shuffled[:size])] for size in (*smaller, count)]
        yield Growth("others", draw, tuple(names[0]), vocabulary, tuple(map(vocabulary.select, names)))


def _absent(vocabulary: Vocabulary, sizes: Sequence[int], draws: int, seed: int) -> Iterator[Growth]:
    """Yields lists that grow by words that name no class."""
    words = _absent_words(vocabulary)
    count = len(words.words)
    smaller = sorted({size for size in sizes if size < count})
    for draw in range(draws):
        shuffled = np.random.default_rng([seed, draw]).permutation(count)
        chosen = [np.sort(shuffled[:size]) for size in smaller]
        added = [WordList(tuple(words.words[row] for row in rows), words.text[rows]) for rows in chosen]
        lists = [vocabulary.extended(some) for some in added]
        if draw == 0:
            lists = [vocabulary, *lists, vocabulary.extended(words)]
        yield Growth("absent", draw, vocabulary.classes, vocabulary, tuple(lists))


def _absent_words(vocabulary: Vocabulary) -> WordList:
    """Returns the words that name no class: neither its name, nor what ends it, as "table" does "dining table"."""
    names = [name for names in (*vocabulary.classes, *vocabulary.words) for name in names.split(", ")]
    return vocabulary.negatives("absent").without([name.rpartition(" ")[2] for name in names])


def _judge(
    strategies: Mapping[str, Thresholded], calib: SegmentTable, test: SegmentTable, growth: Growth
) -> list[dict[str, Any]]:
    """Returns a row for each list and strategy; without figures where a strategy cannot be fitted."""
    rows: list[dict[str, Any]] = []
    fitted = {name: _fitted(one, _held(calib, growth, growth.whole), growth.whole) for name, one in strategies.items()}
    for vocabulary in growth.lists:
        known, judged = (_held(table, growth, vocabulary) for table in (calib, test))
        oracle = float(held_mean_iou(image_counts(judged, label_oracle(judged)).total()))
        for name, strategy in strategies.items():
            row = {"kind": growth.kind, "strategy": name, "size": len(vocabulary.classes), "draw": growth.draw}
            own, whole = _fitted(strategy, known, vocabulary), fitted[name]
            rows.append({**row, "miou_oracle": oracle})
            if own and whole:
                rows[-1] |= _figures(own, whole.threshold, known, judged, vocabulary)
    return rows


def _held(table: SegmentTable, growth: Growth, vocabulary: Vocabulary) -> SegmentTable:
    """Gives a table another class list; pixels of classes that are not held are ignored."""
    counted = np.array([True, *(name in growth.held for name in table.classes)])
    histogram = csr_array(table.histogram.multiply(counted[None]))
    histogram.eliminate_zeros()
    return replace(table, histogram=histogram).relabelled(vocabulary.classes)


def _fitted(strategy: Thresholded, calib: SegmentTable, vocabulary: Vocabulary) -> Thresholded | None:
    """Fits a copy, with the best threshold for the labels that are there; None where it cannot be fitted."""
    try:
        own = deepcopy(strategy).fit(calib, vocabulary)
    except UserError:  # No labelled pixel is left.
        return None
    if isinstance(own, SingleThreshold):
        curve = threshold_curve(*own.candidates(calib, vocabulary), calib.histogram, held=True)
        own.threshold = best_threshold(curve, calib.with_background)[0]
    return own


def _figures(
    strategy: Thresholded, frozen: float, calib: SegmentTable, test: SegmentTable, vocabulary: Vocabulary
) -> dict[str, float]:
    """Returns the figures of a fitted strategy."""
    _, score = strategy.candidates(calib, vocabulary)
    miou, held = _judged(strategy, frozen, test, vocabulary)
    labelled = calib.histogram.sum(axis=1) > 0
    return {"threshold": strategy.threshold, "score": _median(score[labelled]), "miou": miou, "miou_frozen": held}


def _median(score: Scores) -> float:
    return float(np.median(score)) if score.size else math.nan


def _judged(strategy: Thresholded, frozen: float, test: SegmentTable, vocabulary: Vocabulary) -> tuple[float, float]:
    """Returns the mIoU on test images with the threshold of the strategy, and with the frozen one."""
    if not isinstance(strategy, SingleThreshold):  # Never anything but frozen; and clamped, its curve is another.
        miou = float(held_mean_iou(image_counts(test, strategy.predict(test, vocabulary)).total()))
        return miou, miou
    curve = threshold_curve(*strategy.candidates(test, vocabulary), test.histogram, held=True)
    thresholds = np.array([strategy.threshold, frozen]) if test.with_background else np.full(2, -np.inf)
    miou, held = miou_at(curve, thresholds).tolist()
    return miou, held
