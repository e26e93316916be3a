"""Kinds of training by what is asked of them."""

from collections.abc import Sequence
from typing import Any

from groupseg.report.numbers import NOTHING
from groupseg.report.trainings import Kind

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


def family(changes: dict[str, Any]) -> str:
    """Names the family of a kind by the settings that it changes."""
    if not changes:
        return PLAIN
    for name, (may, must) in _FAMILIES.items():
        if all(one.startswith(may) for one in changes) and any(one.startswith(must) for one in changes):
            return name
    return OTHER


def of_family(kinds: Sequence[Kind], name: str) -> list[Kind]:
    """The kinds of a family."""
    return [kind for kind in kinds if family(kind.changes) == name]


def title(kind: Kind) -> str:
    """Says by which settings a kind differs from the model that runs."""
    return ", ".join(f"{name} {value}" for name, value in kind.changes.items()) or NOTHING
