"""What a strategy is to those that use it."""

from typing import Any, Protocol, Self

from groupseg.array_types import Labels
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores


class Strategy(Protocol):
    """Turns segments into labels, background included.

    Each finds a candidate class for a segment, and a score by which it accepts the candidate, or calls the segment
    background. In a data set without background every candidate is accepted.
    """

    @property
    def needs(self) -> SegmentKind | None:
        """What segments must be described by, see `SegmentTable.kind`; None where either will do."""
        ...

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Calibrates on images that are not the test images, and returns itself.

        Args:
            table: The segments of the calibration images.
            vocabulary: Its classes as vectors.

        Raises:
            UserError: If there is nothing to calibrate on.
        """
        ...

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the candidate class of each segment, [S] int32 in 1..C, and its score, [S] float64.

        The higher the score, the less the segment looks like background.
        """
        ...

    def predict(self, table: SegmentTable, vocabulary: Vocabulary) -> Labels:
        """Labels the segments of any images.

        Args:
            table: The segments.
            vocabulary: That of the calibration.

        Returns:
            [S] int32, labels in 0..C, 0 = background.
        """
        ...

    @property
    def uses_ensemble(self) -> bool:
        """Whether it looks at `Vocabulary.ensemble`."""
        ...

    @property
    def word_lists(self) -> tuple[str, ...]:
        """Which of `Vocabulary.lists` it looks at."""
        ...

    def definition(self) -> dict[str, Any]:
        """Returns "rule" and "params", which hold for any data."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Records definition and results of the calibration."""
        ...


class Rule(Strategy, Protocol):
    """What the registry lists."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Makes the strategy that `to_json` has recorded."""
        ...


class Thresholded(Strategy, Protocol):
    """A strategy with one number, calibrated or constant, that decides which candidates are background."""

    threshold: float
