"""Kinds of training by what is asked of them."""

from collections.abc import Sequence
from typing import Any

from groupseg.report.numbers import NOTHING
from groupseg.report.trainings import ModelKind

WEIGHT = "background_weight"
PLAIN, CONSTRAINT, AREA, SEPARATION = "plain", "constraint", "area", "separation"
STAGES, REFINED, OTHER = "stages", "refined", "other"
# How settings begin that a family may change, and what of them it must.
_FAMILIES: dict[str, tuple[tuple[str, ...], str]] = {
    CONSTRAINT: ((WEIGHT,), WEIGHT),
    AREA: ((WEIGHT, "area"), "area"),
    SEPARATION: ((WEIGHT, "separation"), "separation"),
    STAGES: (("tokens", "merged"), "merged"),
    REFINED: (("refine",), "refine"),
}


def kind_family(changes: dict[str, Any]) -> str:
    """Names the family of a kind by the settings that it changes."""
    if not changes:
        return PLAIN
    for name, (may, must) in _FAMILIES.items():
        if all(one.startswith(may) for one in changes) and any(one.startswith(must) for one in changes):
            return name
    return OTHER


def of_family(kinds: Sequence[ModelKind], name: str) -> list[ModelKind]:
    """The kinds of a family."""
    return [kind for kind in kinds if kind_family(kind.changes) == name]


def title(kind: ModelKind) -> str:
    """Says by which settings a kind differs from the model that runs."""
    return ", ".join(f"{name} {value}" for name, value in kind.changes.items()) or NOTHING
