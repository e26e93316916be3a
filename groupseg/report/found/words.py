"""The words that gains are put into."""

from collections.abc import Mapping, Sequence

from groupseg.report.gains import Gain, by_name

NO_GAIN = "shows nothing measurable"


def verdict(gains: Mapping[str, Gain], up: str = "gains", down: str = "loses", none: str = NO_GAIN) -> str:
    """Says on which data sets it is `up`, on which `down`, and on which nothing can be measured."""
    every = {1: f"{up} on all data sets", 0: f"{none} on any data set", -1: f"{down} on all data sets"}
    if len(gains) > 1 and len({gain.sign for gain in gains.values()}) == 1:
        return every[next(iter(gains.values())).sign]
    words = {1: up, 0: none, -1: down}
    found = {said: by_name(gains, sign) for sign, said in words.items()}
    parts = [f"{said} on {named(names)}" for said, names in found.items() if names]
    return named(parts)


def listing(gains: Mapping[str, Gain]) -> str:
    """Lists gains with their intervals."""
    return ", ".join(f"{name} {gain}" for name, gain in gains.items())


def named(names: Sequence[str]) -> str:
    """Lists names as in a sentence."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def count(number: int, thing: str = "training") -> str:
    """Says how many there are."""
    return f"{number} {thing}{'s' * (number != 1)}"


def by_one(gains: Mapping[str, Gain], seeds: int) -> str:
    """Says that a gain rests on one training although there are several; empty where it does not."""
    return " (by one training)" if seeds > 1 and any(len(gain.seeds) < 2 for gain in gains.values()) else ""
