"""Base of the strategies that try each value of a grid, with the best threshold for each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Self

from groupseg.array_types import Labels
from groupseg.segments.blocks import by_blocks, in_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores
from groupseg.strategies.single_threshold import SingleThreshold, best_threshold, single_curve


@dataclass(kw_only=True)
class Tuned(SingleThreshold):
    """Base of the strategies whose candidates depend on one number, the setting.

    For every setting the best threshold is found exactly; the pair of highest mIoU on the calibration images is
    kept, of equally good ones that whose setting comes first. Override `candidates_at`, and `GRID` or `settings`.

    Attributes:
        GRID: The settings to try, where they do not depend on the data.
        setting: The best setting.
        tried: "setting" and "miou", one entry for each setting: its highest mIoU on the calibration images.
    """

    GRID: ClassVar[tuple[float, ...]] = ()
    PORTABLE: ClassVar[tuple[str, ...]] = ("setting", "threshold")

    setting: float = field(init=False, repr=False, compare=False)
    tried: dict[str, list[float]] = field(init=False, repr=False, compare=False)

    def settings(self, table: SegmentTable, vocabulary: Vocabulary) -> Iterable[float]:
        """Returns the settings to try, at least one."""
        return self.GRID

    def candidates_at(self, setting: float, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Finds candidates under a setting, [S] int32 in 1..C, and their scores, [S] float64, finite."""
        raise NotImplementedError

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Finds the best setting and its threshold; see `Strategy`."""
        settings = list(self.settings(table, vocabulary))
        mious: list[float] = []
        for setting in settings:
            found = in_blocks(partial(self.candidates_at, setting, vocabulary=vocabulary), table)
            curve, warnings = single_curve(*found, table.histogram)
            threshold, miou = best_threshold(curve, table.with_background)
            if miou > max(mious, default=-1):
                self.setting, self.threshold, self.miou, self.warnings = setting, threshold, miou, warnings
                self.keep_curve(curve)
            mious.append(miou)
        self.tried = {"setting": settings, "miou": mious}
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Finds candidates under the best setting; see `Strategy`."""
        return self.candidates_at(self.setting, table, vocabulary)
