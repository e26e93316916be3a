"""What those who read results look at of params.yaml; `stages.schema` says all of it."""

from pathlib import Path
from typing import Any

from groupseg.defaults import completed
from groupseg.io.yaml_file import read_yaml
from groupseg.report.forms import Form, check_form


class RunForm(Form):
    """What runs."""

    name: str
    model: str
    datasets: list[str]
    corpora: list[str]
    strategies: list[str]
    variants: list[str]


class SourceForm(Form):
    """Where a data set comes from."""

    format: str


class DatasetForm(Form):
    """A data set."""

    source: SourceForm


class ModelForm(Form):
    """A model."""

    training: dict[str, Any] | None = None


class StrategyForm(Form):
    """A strategy."""

    __pydantic_extra__: dict[str, str | bool | int | float | None]

    rule: str


class EvaluateForm(Form):
    """How strategies are judged."""

    best: str


class ParamsForm(Form):
    """What is looked at of params.yaml by those who read results; `stages.schema` says all of it."""

    run: RunForm
    datasets: dict[str, DatasetForm]
    models: dict[str, ModelForm]
    strategies: dict[str, StrategyForm]
    evaluate: EvaluateForm
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
    check_form(params, ParamsForm, root / "params.yaml", "Mend it.")
    return params
