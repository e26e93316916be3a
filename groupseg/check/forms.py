"""What the JSON files of a prepared data set must hold: somebody may have changed one by hand."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from groupseg.report.forms import Form, read_result


class Classes(Form):
    """classes.json."""

    classes: Annotated[list[str], Field(min_length=1)]
    background: bool
    crossfit: Annotated[int, Field(ge=0)] = 0
    notes: Annotated[list[str], Field(default_factory=list)]


class Told(Form):
    """A sentence, and what it speaks of."""

    text: str
    names: list[str]


class Findings(Form):
    """findings.json; a data set that was drawn has none."""

    notes: list[Told]


class Manifest(Form):
    """manifest.json."""

    format: str | None = None


_FORMS: dict[str, type[Form]] = {"classes": Classes, "findings": Findings, "manifest": Manifest}


def check_prepared(folder: Path) -> None:
    """Raises UserError, with the name of the file, if one in the folder of a prepared data set is of another form."""
    for name, form in _FORMS.items():
        path = folder / f"{name}.json"
        if path.exists():  # else whoever reads it says so
            read_result(path, form)
