"""How numbers are written."""

from collections.abc import Mapping
from typing import Any

MINUS, NOTHING = "\N{MINUS SIGN}", "\N{EN DASH}"


def percent(value: float | None, digits: int = 1) -> str:
    """Writes a fraction as a percentage without its sign; a dash where there is no number."""
    return NOTHING if value is None else f"{100 * value:.{digits}f}"


def signed(value: float | None) -> str:
    """Writes a difference of fractions in percentage points, always with its sign."""
    if value is None:
        return NOTHING
    return (MINUS if round(100 * value, 1) < 0 else "+") + percent(abs(value))


def share(value: float | None) -> str:
    """Writes a fraction as a whole percentage with its sign."""
    # Adding 0 turns a rounded -0 into 0.
    return NOTHING if value is None else f"{percent(round(value, 2) + 0.0, 0)} %".replace("-", MINUS)


def with_interval(figures: Mapping[str, Any], key: str = "miou") -> str:
    """Writes a figure with its 95 % interval, in percent."""
    if figures.get(key) is None:
        return NOTHING
    low, high = figures[f"{key}_ci"]
    return f"{percent(figures[key])} [{percent(low)}, {percent(high)}]"
