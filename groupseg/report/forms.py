"""What the files of results must hold: they are in git, and somebody may have changed one by hand."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from groupseg.defaults import completed
from groupseg.errors import UserError
from groupseg.files import read_json
from groupseg.yaml_file import read_yaml

# Of what strategies find, what has an entry for each class.
_BY_CLASS = ("thresholds", "cuts", "biases", "log_prior", "own", "weights", "templates")
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


class Figures(Score):
    """The figures of an oracle; there may be others, numbers and intervals."""

    __pydantic_extra__: dict[str, Number | Interval]

    miou_ci: Interval
    background_iou: Number
    foreground_miou: Number
    pixel_accuracy: Number


class Judged(Figures):
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

    __pydantic_extra__: dict[str, Figures]

    label: Figures


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
    key: dict[str, str] = {}


class Calibration(Definition):
    """calibration/<data set>/<strategy>.json."""

    fitted: Fitted
    warnings: list[str]
    folds: Annotated[list[Fold], Field(min_length=1)] = []
    classes: Annotated[list[str], Field(min_length=1)] = []

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


class Text(Form):
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
    text: Text
    refine: str = "none"


class VariantOracles(Form):
    """The label oracle of a variant."""

    label: Score


class VariantFigures(Form):
    """What a variant reaches on a data set."""

    strategies: dict[str, Score]
    oracle: VariantOracles


class Variant(Form):
    """variants/<model>.json."""

    datasets: dict[str, VariantFigures]


class Candidate(Form):
    """What a way to refine masks reaches on calibration images."""

    mean: float


class Chosen(Form):
    """refine.json."""

    key: dict[str, str] = {}

    weights_sha256: str
    choice: str
    candidates: dict[str, Candidate]


class Timing(Form):
    """.work/timings/<stage>.json."""

    seconds: float
    peak_mib: float


class Run(Form):
    """What runs."""

    name: str
    model: str
    datasets: list[str]
    corpora: list[str]
    strategies: list[str]
    variants: list[str]


class Source(Form):
    """Where a data set comes from."""

    format: str


class Dataset(Form):
    """A data set."""

    source: Source


class Model(Form):
    """A model."""

    training: dict[str, Any] | None = None


class Rule(Form):
    """A strategy."""

    __pydantic_extra__: dict[str, str | bool | int | float | None]

    rule: str


class Evaluate(Form):
    """How strategies are judged."""

    best: str


class Params(Form):
    """What is looked at of params.yaml by those who read results; `stages.schema` says all of it."""

    run: Run
    datasets: dict[str, Dataset]
    models: dict[str, Model]
    strategies: dict[str, Rule]
    evaluate: Evaluate
    corpora: dict[str, Any]
    archives: dict[str, Any]
    needs: dict[str, dict[str, list[str]]]
    refine: dict[str, Any]
    text: Any
    studies: Any


def read_params(root: Path) -> dict[str, Any]:
    """Reads params.yaml, with what its sections leave out, as far as it is looked at.

    Args:
        root: The folder of the project.

    Raises:
        UserError: If it is missing, no YAML, or of another form.
    """
    params: dict[str, Any] = completed(read_yaml(root / "params.yaml"))
    check_form(params, Params, root / "params.yaml", "Mend it.")
    return params


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
