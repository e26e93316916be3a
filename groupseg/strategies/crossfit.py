"""Calibration where no labelled image is to spare: on some folds of the test images, for the judging of another."""

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels
from groupseg.datasets.folds import image_folds
from groupseg.errors import UserError
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import require
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.scores import Scores


class CrossFit:
    """K copies of a strategy, of which each judges the one fold of the images that it has not been fitted on.

    Every image is judged once, and never by a copy that has seen it (cross-fitting: Chernozhukov et al. 2018, arXiv
    1608.00060, section 3). The fold of an image follows from its name alone, so that it is the same in every part of
    a table.

    Args:
        strategy: What is fitted; it is left as it is.
        folds: K, at least 2.

    Raises:
        UserError: If there are fewer than two folds.
    """

    def __init__(self, strategy: Strategy, folds: int) -> None:
        require(folds >= 2, "crossfit", "at least 2", folds)
        self.copies = [deepcopy(strategy) for _ in range(folds)]

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Fits copy k on the images outside fold k; see `Strategy`.

        Raises:
            UserError: If one fold has all labelled images, or the strategy cannot be fitted on what is left.
        """
        fold = image_folds(table.keys, len(self.copies))
        for number, copy in enumerate(self.copies):
            copy.fit(_labelled(table.subset(np.flatnonzero(fold != number)), number, len(self.copies)), vocabulary)
        return self

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Finds candidates; see `Strategy`. Each score is that of the copy that has not seen the image."""
        label, score = np.zeros(len(table.image), np.int32), np.zeros(len(table.image))
        for copy, part, rows in self._parts(table):
            label[rows], score[rows] = copy.candidates(part, vocabulary)
        return label, score

    def predict(self, table: SegmentTable, vocabulary: Vocabulary) -> Labels:
        """Labels segments; see `Strategy`."""
        label = np.zeros(len(table.image), np.int32)
        for copy, part, rows in self._parts(table):
            label[rows] = copy.predict(part, vocabulary)
        return label

    @property
    def uses_ensemble(self) -> bool:
        """Whether it looks at `Vocabulary.ensemble`; see `Strategy`."""
        return self.copies[0].uses_ensemble

    @property
    def word_lists(self) -> tuple[str, ...]:
        """Which of `Vocabulary.lists` it looks at; see `Strategy`."""
        return self.copies[0].word_lists

    @property
    def needs(self) -> SegmentKind | None:
        """What segments must be described by; see `Strategy`."""
        return self.copies[0].needs

    def definition(self) -> dict[str, Any]:
        """Returns the rule and its parameters; see `Strategy`."""
        return self.copies[0].definition()

    def to_json(self) -> dict[str, Any]:
        """Records the strategy as it does itself, and under "folds" what each copy has found.

        Nothing is fitted on all images, so that "fitted" is empty and "curve" is null beside them.
        """
        records = [copy.to_json() for copy in self.copies]
        same = self.definition()
        warnings = _gathered([record["warnings"] for record in records])
        folds = [{key: value for key, value in record.items() if key not in same} for record in records]
        return {**same, "fitted": {}, "curve": None, "warnings": warnings, "folds": folds}

    @classmethod
    def of(cls, copies: Sequence[Strategy]) -> Self:
        """Takes copies that are fitted already, that of fold k as number k."""
        strategy = cls(copies[0], len(copies))
        strategy.copies = list(copies)
        return strategy

    def _parts(self, table: SegmentTable) -> list[tuple[Strategy, SegmentTable, NDArray[np.int64]]]:
        """Returns each copy with the images that it judges, and the rows of their segments; none without images."""
        fold = image_folds(table.keys, len(self.copies))
        return [
            (copy, table.subset(np.flatnonzero(fold == number)), np.flatnonzero(fold[table.image] == number))
            for number, copy in enumerate(self.copies)
            if (fold == number).any()
        ]


def crossfit(table: SegmentTable) -> int:
    """Returns in how many folds the images of a table are calibrated and judged in turn; 0 = they are not."""
    return int(table.protocol.get("crossfit", 0))


def held_out(table: SegmentTable, folds: int) -> tuple[SegmentTable, SegmentTable]:
    """Splits cross-fitted images once, for studies that would fit every fold many times.

    Returns:
        All images but those of fold 0, to calibrate on, and fold 0, to judge.

    Raises:
        UserError: If a part has no labelled pixel.
    """
    fold = image_folds(table.keys, folds)
    judged = table.subset(np.flatnonzero(fold == 0))
    if judged.histogram.sum() == 0:
        raise UserError(
            f"crossfit: {folds} leaves no labelled image of {len(table.keys)} in fold 0, which the studies judge."
            " Choose another number of folds, or add images."
        )
    return _labelled(table.subset(np.flatnonzero(fold != 0)), 0, folds), judged


def _labelled(rest: SegmentTable, number: int, folds: int) -> SegmentTable:
    """Returns what is left outside a fold; raises UserError if nothing of it is labelled."""
    if rest.histogram.sum() == 0:
        raise UserError(
            f"crossfit: {folds} leaves no labelled image outside fold {number} to calibrate on. Choose another number"
            " of folds, or add images."
        )
    return rest


def _gathered(warnings: list[list[str]]) -> list[str]:
    """Lists each warning once, and says in how many folds it was given where not in all."""
    times = Counter(line for fold in warnings for line in dict.fromkeys(fold))
    folds = len(warnings)
    return [line if count == folds else f"{line} ({count} of {folds} folds)" for line, count in times.items()]
