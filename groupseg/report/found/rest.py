"""What is left to win, and who is the highest."""

from groupseg.report.found.words import listing, named, verdict
from groupseg.report.gains import Gains
from groupseg.report.numbers import percent
from groupseg.report.ties import ties


def known_truth(found: Gains) -> str:
    """What the truth about background, and then about the classes that are there, would add to the best rule."""
    words = {"true background": "which segments are background", "classes present": "which classes are in the image"}
    parts = []
    for name, what in words.items():
        if gains := found.steps(name):
            parts.append(f"{what} {verdict(gains)}: {listing(gains)}")
    return f"With `{found.best}`, to know {'; then, to know '.join(parts)}." if parts else ""


def masks(found: Gains) -> str:
    """What the masks cost, and whether that is most of all."""
    gains, datasets = found.steps("perfect"), found.results.datasets
    if not gains:
        return ""
    largest = [
        one.name for one in datasets if max(one.ladder["rungs"][1:], key=lambda rung: rung["step"])["name"] == "perfect"
    ]
    words = {len(datasets): "the largest step everywhere", 0: "nowhere the largest step"}
    said = words.get(len(largest)) or f"the largest step on {named(largest)}"
    return f"With the best labels there are, the masks still cost {listing(gains)}: {said}."


def highest(found: Gains) -> str:
    """Names the highest strategy of each data set, and those that cannot be told from it."""
    parts, tied = [], ties(found)
    for dataset in found.results.datasets:
        equals = [name for name in dataset.ranking if name in tied[dataset.name] and name != dataset.winner]
        score = percent(dataset.strategies[dataset.winner]["miou"])
        others = f"not to be told from {named([f'`{name}`' for name in equals])}" if equals else "above all others"
        parts.append(f"on {dataset.name} `{dataset.winner}` with {score} %, {others}")
    return f"The highest is {'; '.join(parts)}."
