"""What is left to win, and who is the highest."""

from statistics import fmean

from groupseg.report.found.words import by_one, listing, named, verdict
from groupseg.report.gains import Gains
from groupseg.report.numbers import percent
from groupseg.report.results import DatasetResults
from groupseg.report.ties import ties

# Rungs of the ladder, and what the step up to each of them tells the best rule.
_TOLD = {
    "true background": "If `{}` were told which segments are background, its mIoU",
    "classes present": "If `{}` were then told which classes are in each image, its mIoU",
}


def known_truth(found: Gains) -> str:
    """What the truth about background, and then about the classes that are there, would add to the best rule."""
    parts = []
    for name, told in _TOLD.items():
        if gains := found.steps(name):
            said = verdict(gains, "would rise", "would fall", "would not change measurably")
            parts.append(f"{told.format(found.best)} {said}{by_one(gains, len(found.seeds))}: {listing(gains)}.")
    return " ".join(parts)


def masks(found: Gains) -> str:
    """What the masks cost, and whether that is most of all."""
    gains, datasets = found.steps("perfect"), found.results.datasets
    if not gains:
        return ""
    largest = [one.name for one in datasets if _largest(found, one) == "perfect"]
    words = {len(datasets): "everywhere", 0: "nowhere"}
    where = words.get(len(largest)) or f"on {named(largest)}"
    costs = f"{listing(gains)}{by_one(gains, len(found.seeds))}"
    return (
        f"With the best labels there are, the masks still cost {costs}. That is the largest step of the ladder {where}."
    )


def _largest(found: Gains, dataset: DatasetResults) -> str:
    """The rung above the first one that the largest step leads to."""
    names = [str(rung["name"]) for rung in dataset.ladder["rungs"][1:]]
    steps = {name: found.steps(name)[dataset.name].value for name in names}
    return max(steps, key=lambda name: steps[name])


def highest(found: Gains) -> str:
    """Names the highest strategy of each data set, and those that cannot be told from it."""
    parts, tied = [], ties(found)
    for dataset in found.results.datasets:
        winner = found.winner(dataset)
        equals = [name for name in dataset.ranking if name in tied[dataset.name] and name != winner]
        score = percent(fmean(found.reached(dataset, winner)))
        others = f"not to be told from {named([f'`{name}`' for name in equals])}" if equals else "above all others"
        parts.append(f"on {dataset.name} `{winner}` with {score} %, {others}")
    return f"The highest is {'; '.join(parts)}."
