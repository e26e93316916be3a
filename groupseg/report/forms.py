"""What the files of results must hold: they are in git, and somebody may have changed one by hand."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from groupseg.errors import UserError
from groupseg.io.files import read_json

AGAIN = "Delete it and run `dvc repro` again."
# Of a wrong value, how many characters are shown.
_SHOWN = 60

Number = float | None  # null where a figure is not defined
Interval = Annotated[list[float], Field(min_length=2, max_length=2)]


class Form(BaseModel):
    """What an object must hold at least; what else it holds is not looked at, unless a form says so."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class Score(Form):
    """The mIoU of a strategy."""

    miou: float


class OracleFigures(Score):
    """The figures of an oracle; there may be others, numbers and intervals."""

    __pydantic_extra__: dict[str, Number | Interval]

    miou_ci: Interval
    background_iou: Number
    foreground_miou: Number
    pixel_accuracy: Number


class Judged(OracleFigures):
    """The figures of a strategy."""

    difference_to_baseline: Number
    difference_to_baseline_ci: Interval
    short_of_oracle: Number = None
    short_of_oracle_ci: Interval | None = None

    @model_validator(mode="after")
    def _with_interval(self) -> "Judged":
        if (self.short_of_oracle is None) != (self.short_of_oracle_ci is None):
            raise ValueError("must have short_of_oracle and short_of_oracle_ci, or none of the two")
        return self


class Oracles(Form):
    """The figures of the label oracle; there may be others."""

    __pydantic_extra__: dict[str, OracleFigures]

    label: OracleFigures


class Protocol(Form):
    """What figures were measured with."""

    __pydantic_extra__: dict[str, str]

    split: str


class Metrics(Form):
    """metrics/<data set>.json."""

    protocol: Protocol
    baseline: str
    images: int
    classes: int
    strategies: dict[str, Judged]
    oracle: Oracles
    warnings: list[str] = []
    notes: list[str] = []


class Rung(Score):
    """A rung of a ladder (`groupseg.metrics.ladder`), and the step up to it."""

    name: Literal[
        "fixed", "global", "best score", "best calibrated", "true background", "classes present", "label oracle",
        "best labelling", "perfect", "accept or drop known",
    ]  # fmt: skip
    miou_ci: Interval
    step: float
    step_ci: Interval


class LowerRungs(Form):
    """Which strategy stands on each of the lower rungs of a ladder."""

    __pydantic_extra__: dict[str, str]

    fixed: str
    best: str = Field(alias="best calibrated")


class Ladder(Form):
    """ladder/<data set>.json."""

    strategies: LowerRungs
    rungs: Annotated[list[Rung], Field(min_length=1)]
    accept_or_drop: Rung


class VariantScore(Score):
    """The mIoU of a strategy with a variant."""

    miou_ci: Interval


class VariantOracles(Form):
    """The label oracle of a variant."""

    label: VariantScore


class VariantLadder(Form):
    """The rungs above the best strategy of a variant."""

    rungs: list[Rung]


class VariantFigures(Form):
    """What a variant reaches on a data set."""

    strategies: dict[str, VariantScore]
    oracle: VariantOracles
    ladder: VariantLadder | None = None


class Variant(Form):
    """variants/<model>.json."""

    datasets: dict[str, VariantFigures]


class RefineCandidate(Form):
    """What a way to refine masks reaches on calibration images."""

    mean: float


class Chosen(Form):
    """refine.json."""

    key: dict[str, str] = Field(default={})
    weights_sha256: str
    choice: str
    candidates: dict[str, RefineCandidate]


class Timing(Form):
    """.work/timings/<stage>.json."""

    seconds: float
    peak_mib: float


def read_result(path: Path, form: type[Form], remedy: str = AGAIN) -> Any:
    """Reads a JSON file of results.

    Args:
        path: The file.
        form: What it must hold.
        remedy: A sentence that says how to mend one of another form.

    Raises:
        UserError: If it is missing, no JSON, or of another form.
    """
    try:
        data = read_json(path)
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{path} holds half a character, {error.object[error.start]!a}. {remedy}") from error
    except RecursionError as error:
        raise UserError(f"{path} is nested too deep. {remedy}") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. {remedy}") from error
    check_form(data, form, path, remedy)
    return data


def kept_result(path: Path, form: type[Form]) -> dict[str, Any]:
    """Reads a JSON file of results; empty where there is none, or none of that form, and it must be made."""
    try:
        found: dict[str, Any] = read_result(path, form)
    except UserError:
        return {}
    return found


def check_form(data: Any, form: type[Form], path: Path, remedy: str) -> None:
    """Raises UserError if what a file holds is not of a form.

    Args:
        data: What the file holds.
        form: What it must hold.
        path: The file.
        remedy: A sentence that says how to mend it.
    """
    try:
        form.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"{part}: " for part in [".".join(map(str, first["loc"]))] if part)
        message = "is missing" if first["type"] == "missing" else first["msg"].replace("Input should", "must")
        shown = repr(first["input"])
        found = (
            "" if first["type"] in ("missing", "length") else f"; got {shown[:_SHOWN]}{'...' * (len(shown) > _SHOWN)}"
        )
        raise UserError(f"{path}: {place}{message}{found}. {remedy}") from error
