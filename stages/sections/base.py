"""What the sections of params.yaml have in common: the base of all, names, templates and addresses."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

# Names become parts of stages, paths and dotted parameters, and arguments of commands, which a dash would make options.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")]


def _template(value: str) -> str:
    if value.count("{}") != 1:
        raise ValueError("must hold {} once, where the class name goes")
    return value


Template = Annotated[str, AfterValidator(_template)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Section(BaseModel):
    """A part of params.yaml: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
