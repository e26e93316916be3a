"""Warnings of many strategies, each said once."""

from collections.abc import Mapping, Sequence


def by_sentence(warnings: Mapping[str, Sequence[str]]) -> list[str]:
    """Says each warning once, with the strategies that it holds for.

    What follows the first sentence of a warning is what a strategy does about it, and stands behind its name.

    Args:
        warnings: Of all strategies, by name; empty where one has none.
    """
    told: dict[str, dict[str, str]] = {}
    for strategy, lines in warnings.items():
        for line in lines:
            first, _, rest = line.partition(". ")
            told.setdefault(f"{first.removesuffix('.')}.", {})[strategy] = rest.removesuffix(".")
    return [f"{first} {_strategies(found, len(warnings))}" for first, found in told.items()]


def _strategies(found: Mapping[str, str], count: int) -> str:
    if len(found) == count > 1 and not any(found.values()):
        return "All strategies."
    names = [f"{name} ({rest[0].lower()}{rest[1:]})" if rest else name for name, rest in found.items()]
    return f"{'Strategies' if len(names) > 1 else 'Strategy'}: {', '.join(names)}."
