"""How many calibration images a strategy needs."""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial

import pandas as pd

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import Strategy
from groupseg.studies.draws import nested_draws, on_each


def learning_curve(
    strategies: Mapping[str, Strategy],
    calib: SegmentTable,
    test: SegmentTable,
    vocabulary: Vocabulary,
    sizes: Sequence[int],
    draws: int,
    seed: int,
    workers: int,
) -> pd.DataFrame:
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
        "strategy", "images", "draw", "miou": mIoU on the test images in 0..1, NaN where a draw is too small for the
        strategy to be fitted.

    Raises:
        UserError: If a strategy cannot be fitted on all N images.
    """
    count = len(calib.keys)
    drawn = list(nested_draws(count, sizes, draws, seed))
    tasks = [(calib.subset(images), len(images) < count) for _, images in drawn]
    # The largest first, so that no process is left waiting for it in the end.
    work = partial(_fit_and_judge, strategies, test, vocabulary)
    figures = on_each(work, tasks[::-1], "learning curve", workers)[::-1]
    rows = [
        (name, len(images), draw, figure[name])
        for name in strategies
        for (draw, images), figure in zip(drawn, figures, strict=True)
    ]
    return pd.DataFrame(rows, columns=["strategy", "images", "draw", "miou"])


def _fit_and_judge(
    strategies: Mapping[str, Strategy], test: SegmentTable, vocabulary: Vocabulary, drawn: tuple[SegmentTable, bool]
) -> dict[str, float]:
    """Fits each strategy on what was drawn, and returns its mIoU on the test images; NaN where it may and does fail."""
    calib, may_fail = drawn
    figures = {}
    for name, strategy in strategies.items():
        try:
            labels = deepcopy(strategy).fit(calib, vocabulary).predict(test, vocabulary)
            figures[name] = float(mean_iou(image_counts(test, labels).total()))
        except UserError:
            if not may_fail:
                raise
            figures[name] = math.nan
    return figures
