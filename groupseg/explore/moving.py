"""Which strategies have one threshold that can be moved, and on which scores."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from groupseg.array_types import Floats
from groupseg.segments.table import SegmentTable
from groupseg.strategies.base import StrategyBase
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.fixed import Fixed
from groupseg.strategies.protocol import Strategy, Thresholded
from groupseg.strategies.scores import image_max


def is_single(strategy: Strategy) -> bool:
    """Whether a strategy has one number that decides which candidates are background."""
    first = _copies(strategy)[0]
    return isinstance(first, StrategyBase) and first.HAS_THRESHOLD


def is_movable(strategy: Strategy, table: SegmentTable) -> bool:
    """Whether one threshold on the scores of its candidates decides what the strategy calls background."""
    first = _copies(strategy)[0]
    by_window = isinstance(first, Fixed) and first.per_window and table.parts is not None
    return table.with_background and is_single(strategy) and not by_window


def own_threshold(strategy: Strategy) -> float | None:
    """The threshold of a movable strategy; None where its cross-fitted copies have several."""
    thresholds = {cast(Thresholded, copy).threshold for copy in _copies(strategy)}
    return thresholds.pop() if len(thresholds) == 1 else None


def cut_scores(strategy: Strategy, score: Floats, table: SegmentTable) -> Floats:
    """Turns scores [S] of a table into those that a movable strategy compares with its threshold and nothing else."""
    return cut_below(strategy, score, image_max(score, table)[table.image])


def cut_below(strategy: Strategy, score: Floats, highest: Floats) -> Floats:
    """Does what `cut_scores` does, from the `highest` score of the image of each segment, [S].

    A clamped constant accepts the best segments of an image at any threshold: they score infinity.
    """
    first = _copies(strategy)[0]
    clamped = isinstance(first, Fixed) and first.clamp
    return np.where(score == highest, np.inf, score) if clamped else score


def has_score_of(record: Mapping[str, Any], constant: Mapping[str, Any]) -> bool:
    """Whether a strategy puts one threshold on the very score that a constant is on."""
    score = constant["params"].get("score")
    same = constant["rule"] == "fixed" and record["params"].get("score") == score
    return record["rule"] in ("fixed", "threshold") and same


def _copies(strategy: Strategy) -> list[Strategy]:
    return strategy.copies if isinstance(strategy, CrossFit) else [strategy]
