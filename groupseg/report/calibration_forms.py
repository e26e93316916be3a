"""What the record of a calibration must hold, for the report, the stages, and those who name segments with it."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from groupseg.report.forms import Form, Number

# Of what strategies find, what has an entry for each class.
_BY_CLASS = ("thresholds", "cuts", "biases", "log_prior", "own", "weights", "templates")


class Fitted(Form):
    """What a strategy was calibrated to, as far as it is told."""

    threshold: Number = None
    miou: Number = None

    def lengths(self, classes: int) -> dict[str, int]:
        """Says how many entries each list that was found must have."""
        lists = {name: value for name, value in (self.model_extra or {}).items() if isinstance(value, list)}
        wanted = {name: classes for name in _BY_CLASS if name in lists}
        return {
            **wanted,
            **({"probabilities": len(lists["scores"])} if {"scores", "probabilities"} <= set(lists) else {}),
        }


class Fold(Form):
    """What a strategy was calibrated to without one fold."""

    fitted: Fitted


class StrategyParams(Form):
    """The parameters of a strategy."""

    __pydantic_extra__: dict[str, str | bool | int | float | None]

    threshold: Number = None


class Definition(Form):
    """What defines a calibration, and its key."""

    rule: str
    params: StrategyParams
    key: dict[str, str] = Field(default={})


class Calibration(Definition):
    """calibration/<data set>/<strategy>.json."""

    fitted: Fitted
    warnings: list[str]
    folds: Annotated[list[Fold], Field(min_length=1)] = Field(default=[])
    classes: Annotated[list[str], Field(min_length=1)] = Field(default=[])

    @model_validator(mode="after")
    def _of_these_classes(self) -> "Calibration":
        for fitted in [fold.fitted for fold in self.folds] or [self.fitted]:
            for name, wanted in fitted.lengths(len(self.classes)).items():
                found = len(getattr(fitted, name))
                if self.classes and found != wanted:
                    what = {"name": name, "wanted": wanted, "found": found}
                    raise PydanticCustomError(
                        "length", "fitted.{name} must have {wanted} entries; it has {found}", what
                    )
        return self


class KeptCalibration(Calibration):
    """The same, as the stages read it."""

    key: dict[str, str]


class CalibrationText(Form):
    """What classes were put into words by."""

    words: list[str]
    templates: Annotated[list[str], Field(min_length=1)]
    ensemble: list[str]


class UsableCalibration(Calibration):
    """The same, as it names segments of other images."""

    dataset: str
    weights_sha256: str
    classes: Annotated[list[str], Field(min_length=1)]
    with_background: bool
    text: CalibrationText
    refine: str = "none"
