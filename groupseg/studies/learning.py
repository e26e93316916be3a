"""How many calibration images a strategy needs."""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial

import numpy as np
from numpy.typing import NDArray

from groupseg.errors import UserError
from groupseg.metrics.iou import labelling_miou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.protocol import Strategy
from groupseg.studies.draws import nested_draws, on_each

LEARNING_COLUMNS = ("strategy", "images", "draw", "miou")


def learning_curve(
    strategies: Mapping[str, Strategy],
    calib: SegmentTable,
    test: SegmentTable,
    vocabulary: Vocabulary,
    sizes: Sequence[int],
    draws: int,
    seed: int,
    workers: int,
) -> list[tuple[str, int, int, float]]:
    """Calibrates on fewer images than there are, and judges on all test images.

    A draw has the same images for all strategies; see `nested_draws`.

    Args:
        strategies: By name; left as they are.
        calib: The segments of the N calibration images.
        test: Those of the test images.
        vocabulary: The classes of both.
        sizes: Numbers of images; all N come besides, once, as draw 0.
        draws: Draws of each number.
        seed: Seed of the draws.
        workers: Processes; their number does not change the result.

    Returns:
        Rows of `LEARNING_COLUMNS`; "miou" is that on the test images in 0..1, NaN where a draw is too small for the
            strategy.

    Raises:
        UserError: If a strategy cannot be fitted on all N images.
    """
    count = len(calib.keys)
    drawn = list(nested_draws(count, sizes, draws, seed))
    # The largest first, so that no process is left waiting for it in the end.
    tasks = [(name, row) for row in reversed(range(len(drawn))) for name in strategies]
    work = partial(_fit_and_judge, strategies, calib, test, vocabulary, [images for _, images in drawn])
    figures = dict(zip(tasks, on_each(work, tasks, "learning curve", workers), strict=True))
    return [
        (name, len(images), draw, figures[name, row]) for name in strategies for row, (draw, images) in enumerate(drawn)
    ]


def _fit_and_judge(
    strategies: Mapping[str, Strategy],
    calib: SegmentTable,
    test: SegmentTable,
    vocabulary: Vocabulary,
    drawn: Sequence[NDArray[np.int64]],
    task: tuple[str, int],
) -> float:
    """Fits a strategy on a draw, and returns its mIoU on the test images; NaN where a draw is too small for it."""
    name, images = task[0], drawn[task[1]]
    try:
        fitted = deepcopy(strategies[name]).fit(calib.subset(images), vocabulary)
    except UserError:
        if len(images) == len(calib.keys):
            raise
        return math.nan
    return labelling_miou(test, fitted.predict(test, vocabulary))
