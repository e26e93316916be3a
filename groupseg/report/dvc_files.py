"""What is read of dvc.yaml and dvc.lock: somebody may have changed one by hand."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from groupseg.io.yaml_file import read_yaml
from groupseg.report.forms import Form, check_form


class Body(Form):
    """What a stage is."""

    desc: str = ""
    deps: Annotated[list[str], Field(default_factory=list)]


class StageEntry(Body):
    """A stage, or one for each of some names."""

    foreach: str | list[str] | None = None
    do: Body | None = None

    @model_validator(mode="after")
    def _with_body(self) -> "StageEntry":
        if self.foreach and self.do is None:
            raise ValueError("must have `do` beside `foreach`")
        return self


class Graph(Form):
    """dvc.yaml."""

    stages: dict[str, StageEntry]


class Out(Form):
    """An output."""

    path: str
    md5: str = ""


class Locked(Form):
    """A stage that has run."""

    outs: Annotated[list[Out], Field(default_factory=list)]


class Lock(Form):
    """dvc.lock."""

    stages: Annotated[dict[str, Locked], Field(default_factory=dict)]


def read_graph(path: Path) -> dict[str, Any]:
    """Reads the stages of a dvc.yaml, by name.

    Raises:
        UserError: If it is missing, no YAML, or of another form.
    """
    return _read(path, Graph)


def read_lock(path: Path) -> dict[str, Any]:
    """Reads the stages of a dvc.lock, by name; none where it is missing.

    Raises:
        UserError: If it is no YAML, or of another form.
    """
    return _read(path, Lock) if path.exists() else {}


def _read(path: Path, form: type[Form]) -> dict[str, Any]:
    data = read_yaml(path)
    check_form(data, form, path, f"Mend it, such as with `git checkout {path.name}`.")
    stages: dict[str, Any] = data.get("stages", {})
    return stages
