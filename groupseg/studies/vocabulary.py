"""What the number of classes does to scores and to the best threshold. No image is segmented again."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import cast

import numpy as np
import pandas as pd

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.metrics.oracle import label_oracle
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary, WordList
from groupseg.strategies.base import Recorded, SingleThreshold, Strategy, Thresholded
from groupseg.studies.curves import miou_at, prediction_curve
from groupseg.studies.draws import nested_draws, on_each

FIGURES = ["threshold", "score", "miou", "miou_frozen", "miou_oracle"]


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
) -> pd.DataFrame:
    """Gives the same segments smaller and larger class lists.

    Kind "subset": some of the classes; pixels of the others become background. Kind "absent": all classes, and words
    of the list "absent", which name no class, so that no pixel is labelled with them. (In drawn scenes nothing can be
    seen of them either; in photographs there may be.) Draws as in `nested_draws`: all classes, and all absent words,
    come besides, once, as draw 0. An absent word joins the mean of the mIoU, with an IoU of 0, as soon as one
    pixel is predicted as it: the convention of `mean_iou` and of torchmetrics.

    Args:
        strategies: Those that have one threshold, calibrated or constant, by name; left as they are.
        calib: The segments of the calibration images.
        test: Those of the test images.
        vocabulary: All classes, with a word list "absent".
        sizes: How many of the classes to draw.
        absent: How many absent words to add.
        draws: Draws of each number.
        seed: Seed of the draws.
        workers: Processes; their number does not change the result.

    Returns:
        "kind", "strategy", "size" (classes in the list, absent words included), "draw"; "threshold", the best one on
        the calibration images; "score", the median over their segments of the score of the best class; and on the
        test images, in 0..1, "miou" with that threshold, "miou_frozen" with the threshold found for all classes, and
        "miou_oracle" of the label oracle. A threshold is all that is frozen: what else a strategy fits belongs to the
        classes it was fitted on. NaN where a draw leaves nothing to fit.

    Raises:
        UserError: If a strategy has no single threshold or cannot be fitted on all classes, or there is no absent word.
    """
    single = {name: _with_threshold(name, strategy) for name, strategy in strategies.items()}
    frozen = {name: deepcopy(strategy).fit(calib, vocabulary).threshold for name, strategy in single.items()}
    lists = list(_class_lists(vocabulary, sizes, absent, draws, seed))
    work = partial(_fit_and_judge, single, frozen, calib, test)
    figures = on_each(work, [drawn for _, _, drawn in lists], "vocabulary", workers)
    rows = [
        {"kind": kind, "strategy": name, "size": len(drawn.classes), "draw": draw, **figure[name]}
        for kind in ("subset", "absent")
        for name in strategies
        for (of, draw, drawn), figure in zip(lists, figures, strict=True)
        if of == kind
    ]
    return pd.DataFrame(rows, columns=["kind", "strategy", "size", "draw", *FIGURES])


def _with_threshold(name: str, strategy: Strategy) -> Thresholded:
    if not (isinstance(strategy, Recorded) and strategy.HAS_THRESHOLD):
        raise UserError(
            f"Expected strategies with a single threshold for the study of vocabularies, but got {name!r}, whose "
            "parameters belong to the classes it was fitted on. Leave it out."
        )
    return cast(Thresholded, strategy)


def _class_lists(
    vocabulary: Vocabulary, sizes: Sequence[int], absent: Sequence[int], draws: int, seed: int
) -> Iterator[tuple[str, int, Vocabulary]]:
    """Yields kind, number of the draw, and the drawn vocabulary."""
    for draw, rows in nested_draws(len(vocabulary.classes), sizes, draws, seed):
        yield "subset", draw, vocabulary.select([vocabulary.classes[row] for row in rows])
    words = _absent(vocabulary)
    for draw, rows in nested_draws(len(words.words), absent, draws, seed):
        added = WordList(tuple(words.words[row] for row in rows), words.text[rows])
        yield "absent", draw, vocabulary.extended(added)


def _absent(vocabulary: Vocabulary) -> WordList:
    """Returns the words that name no class: neither its name, nor what ends it, as "table" does "dining table"."""
    names = [name for names in (*vocabulary.classes, *vocabulary.words) for name in names.split(", ")]
    return vocabulary.negatives("absent").without([name.rpartition(" ")[2] for name in names])


def _fit_and_judge(
    strategies: Mapping[str, Thresholded],
    frozen: Mapping[str, float],
    calib: SegmentTable,
    test: SegmentTable,
    vocabulary: Vocabulary,
) -> dict[str, dict[str, float]]:
    """Returns the figures of each strategy for one class list; none of those that cannot be fitted on it."""
    calib, test = calib.relabelled(vocabulary.classes), test.relabelled(vocabulary.classes)
    oracle = float(mean_iou(image_counts(test, label_oracle(test)).total()))
    figures: dict[str, dict[str, float]] = {}
    for name, strategy in strategies.items():
        figures[name] = {"miou_oracle": oracle}
        try:
            own = deepcopy(strategy).fit(calib, vocabulary)
        except UserError:  # No labelled pixel is left of a data set without background.
            continue
        _, score = own.candidates(calib, vocabulary)
        miou, miou_frozen = _judged(own, frozen[name], test, vocabulary)
        figures[name] |= {
            "threshold": own.threshold, "score": float(np.median(score)), "miou": miou, "miou_frozen": miou_frozen,
        }  # fmt: skip
    return figures


def _judged(strategy: Thresholded, frozen: float, test: SegmentTable, vocabulary: Vocabulary) -> tuple[float, float]:
    """Returns the mIoU on test images with the threshold of the strategy, and with the frozen one."""
    if not isinstance(strategy, SingleThreshold):  # Never anything but frozen; and clamped, its curve is another.
        miou = float(mean_iou(image_counts(test, strategy.predict(test, vocabulary)).total()))
        return miou, miou
    curve = prediction_curve(strategy, test, vocabulary)
    miou, held = miou_at(curve, np.array([strategy.threshold, frozen])).tolist()
    return miou, held
