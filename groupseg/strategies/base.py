"""The base of all strategies: parameters that are checked, and the record that each one keeps of itself."""

import math
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Labels
from groupseg.errors import UserError
from groupseg.metrics.curve import Curve
from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores


@dataclass(kw_only=True)
class StrategyBase:
    """Base of the strategies. Fields that can be passed are parameters, the others are what `fit` finds.

    Override `candidates`, decorated with `by_blocks`: what it says of an image may depend on that image alone.

    Attributes:
        curve: The threshold curve on the calibration images, "threshold" and "miou", thinned to 100 points.
        warnings: What the reader of the results should know, one line each.
        HAS_THRESHOLD: Whether one number, `threshold`, decides which candidates are background.
        NEEDS: What segments must be described by, see `SegmentTable.kind`; None where either will do.
        PORTABLE: What of `fit` labels have taught, where all of that means the same for other classes; else nothing.
    """

    HAS_THRESHOLD: ClassVar[bool] = False
    NEEDS: ClassVar[SegmentKind | None] = None
    PORTABLE: ClassVar[tuple[str, ...]] = ()

    curve: dict[str, list[float]] | None = field(default=None, init=False, repr=False, compare=False)
    warnings: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the type of each parameter.

        Raises:
            UserError: If a parameter has another type, or is none of the values it can have.
        """
        kind: Any = type(self)
        hints = _hints(kind)
        for name in self._parameters():
            value, hint = getattr(self, name), hints[name]
            if get_origin(hint) is Literal:
                require(value in get_args(hint), name, f"one of {', '.join(map(repr, get_args(hint)))}", value)
            elif hint is bool:
                require(isinstance(value, bool), name, "true or false", value)
            elif hint is int:
                require(isinstance(value, int) and not isinstance(value, bool), name, "a whole number", value)
            else:
                number = isinstance(value, int | float) and not isinstance(value, bool)
                require(number and math.isfinite(value), name, "a finite number", value)

    @property
    def uses_ensemble(self) -> bool:
        """Whether it looks at `Vocabulary.ensemble`; see `Strategy`."""
        return False

    @property
    def word_lists(self) -> tuple[str, ...]:
        """Which of `Vocabulary.lists` it looks at; see `Strategy`."""
        return ()

    @property
    def needs(self) -> SegmentKind | None:
        """What segments must be described by; see `Strategy`."""
        return "scores" if getattr(self, "score", None) == "probability" else self.NEEDS

    def definition(self) -> dict[str, Any]:
        """Returns the rule and its parameters; see `Strategy`."""
        params = {name: getattr(self, name) for name in self._parameters()}
        return {"rule": params.pop("rule"), "params": params}

    def to_json(self) -> dict[str, Any]:
        """Records definition and results of the calibration; see `Strategy`."""
        return {
            **self.definition(),
            "fitted": {name: getattr(self, name) for name in self._results()},
            "curve": self.curve,
            "warnings": self.warnings,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Makes the strategy that `to_json` has recorded.

        Raises:
            UserError: If the record is not one of this strategy.
        """
        try:
            strategy = cls(**{"rule": data["rule"], **data["params"]})
            for name in cls._results():
                setattr(strategy, name, data["fitted"][name])
            strategy.curve, strategy.warnings = data["curve"], data["warnings"]
        except (KeyError, TypeError) as error:
            raise UserError(
                f"The record of a calibration does not fit its rule ({error!r}). Calibrate again."
            ) from error
        return strategy

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Finds candidates; see `Strategy`."""
        raise NotImplementedError

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Says which candidates are no background, [S] bool, from what `candidates` returns."""
        raise NotImplementedError

    @by_blocks
    def predict(self, table: SegmentTable, vocabulary: Vocabulary) -> Labels:
        """Labels segments; see `Strategy`."""
        label, score = self.candidates(table, vocabulary)
        return np.where(self.accepted(label, score, table) | (not table.with_background), label, np.int32(0))

    def keep_curve(self, curve: Curve) -> None:
        """Records the curve."""
        thin = curve.thin()
        self.curve = {"threshold": thin.thresholds.tolist(), "miou": thin.miou.tolist()}

    @classmethod
    def _parameters(cls) -> list[str]:
        return [entry.name for entry in fields(cls) if entry.init]

    @classmethod
    def _results(cls) -> list[str]:
        own = {entry.name for entry in fields(StrategyBase)}
        return [entry.name for entry in fields(cls) if not entry.init and entry.name not in own]


def absent_classes(table: SegmentTable, consequence: str) -> list[str]:
    """Warns, in one line or none, of classes without a pixel in the calibration images."""
    truth = table.histogram.sum(axis=0)[1:]
    names = [name for name, pixels in zip(table.classes, truth, strict=True) if pixels == 0]
    return [f"No calibration pixel of {', '.join(names)}. {consequence}."] if names else []


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of the parameters of a rule. To work them out takes longer than all other checks of a strategy."""
    return get_type_hints(kind)


def require(condition: bool, name: str, contract: str, value: object) -> None:
    """Raises UserError in the words all strategies use, unless `condition` holds."""
    if not condition:
        raise UserError(f"Expected strategy parameter `{name}` to be {contract}, but got {value!r}.")
