"""How masks are refined by colour: what params.yaml says of it, and the same in a line of text."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from groupseg.errors import UserError


class Named:
    """Base of the settings, which are told in a line: the kind, and each setting with its values."""

    def __str__(self) -> str:
        """As `parse_refine` reads it, such as "pamr, dilations 1 2 4, steps 10"."""
        kind, *settings = ((name, value) for name, value in vars(self).items())
        return ", ".join([kind[1], *(f"{name} {_values(value)}" for name, value in settings)])


@dataclass(frozen=True, kw_only=True)
class Unrefined(Named):
    """Masks stay as the network gives them."""

    kind: Literal["none"] = "none"


@dataclass(frozen=True, kw_only=True)
class Guided(Named):
    """The guided filter, with the image as its guide; see `groupseg.refine.guided`.

    Attributes:
        radius: Of its windows, pixels; they have a side of 2 radius + 1.
        epsilon: Added to the variance of colours in 0..1: the larger, the smoother.

    Raises:
        ValueError: If a number is out of range.
    """

    kind: Literal["guided"] = "guided"
    radius: int = 8
    epsilon: float = 1e-4

    def __post_init__(self) -> None:
        """Checks ranges."""
        if self.radius < 1:
            raise ValueError(f"radius must be positive, but got {self.radius}")
        if not 0 < self.epsilon < math.inf:
            raise ValueError(f"epsilon must be positive, but got {self.epsilon}")


@dataclass(frozen=True, kw_only=True)
class Pamr(Named):
    """Pixel-adaptive mask refinement; see `groupseg.refine.pamr`.

    Attributes:
        dilations: How far away the eight neighbours of a pixel are, pixels; so many times eight neighbours.
        steps: How often each pixel takes the mean of its neighbours.

    Raises:
        ValueError: If a number is out of range, or a dilation is given twice.
    """

    kind: Literal["pamr"] = "pamr"
    dilations: tuple[int, ...] = (1, 2, 4, 8, 12, 24)
    steps: int = 10

    def __post_init__(self) -> None:
        """Checks ranges."""
        if min(self.dilations, default=0) < 1 or len(set(self.dilations)) < len(self.dilations):
            raise ValueError(f"dilations must be positive and each given once, but got {list(self.dilations)}")
        if self.steps < 1:
            raise ValueError(f"steps must be positive, but got {self.steps}")


Refine = Unrefined | Guided | Pamr

_KINDS: dict[str, type[Refine]] = {"none": Unrefined, "guided": Guided, "pamr": Pamr}
UNREFINED = Unrefined()


def refine_of(section: Mapping[str, Any]) -> Refine:
    """Makes settings of a section of params.yaml that has been checked."""
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in section.items()
    }
    return _KINDS[given["kind"]](**given)


def refinement_of(model: str, running: str, given: Mapping[str, Refine]) -> Refine:
    """Returns how masks of a model are refined: as said of it, else as those of the model that runs, else not at all.

    Args:
        model: The model, such as a variant.
        running: The model that runs.
        given: What is said, by model.
    """
    return given.get(model, given.get(running, UNREFINED))


def parse_refine(text: str) -> Refine:
    """Reads settings from a line; those that it does not name have their defaults.

    Args:
        text: Such as "pamr", "pamr, dilations 1 2 4, steps 10" or "guided, radius 8, epsilon 0.0001".

    Raises:
        UserError: If it names a kind or a setting that there is none of, or a value is out of range.
    """
    kind, *settings = (part.strip() for part in text.split(","))
    if kind not in _KINDS:
        raise UserError(f"refine: {kind!r} is none of {', '.join(_KINDS)}. Name one of them.")
    known = [field.name for field in fields(_KINDS[kind]) if field.name != "kind"]
    given: dict[str, Any] = {}
    for setting in settings:
        name, _, values = setting.partition(" ")
        if name not in known:
            raise UserError(f"refine: {kind} has no setting {name!r}{_there_are(known)}.")
        given[name] = _parsed(name, values)
    try:
        return _KINDS[kind](**given)
    except ValueError as error:
        raise UserError(f"refine: {error}. Mend it in {text!r}.") from error


def _there_are(known: list[str]) -> str:
    return f"; there are {', '.join(known)}" if known else "; leave it out"


def _parsed(name: str, values: str) -> int | float | tuple[int, ...]:
    try:
        if name == "dilations":
            return tuple(int(value) for value in values.split())
        return float(values) if name == "epsilon" else int(values)
    except ValueError as error:
        raise UserError(f"refine: {name} {values!r} is no number. Write it as in `pamr, dilations 1 2 4`.") from error


def _values(value: float | tuple[int, ...]) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
