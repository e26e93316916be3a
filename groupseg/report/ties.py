"""Strategies that cannot be told from the best."""

from groupseg.report.gains import Gains


def ties(found: Gains) -> dict[str, set[str]]:
    """Names by data set the highest strategy, and those that images and seeds do not both say are lower."""
    equals = {one.name: set(one.strategies) for one in found.results.datasets}
    for dataset in found.results.datasets:
        winner = found.winner(dataset)
        for name in dataset.strategies:
            gain = found.pairs(winner, name).get(dataset.name)
            if gain is not None and gain.sign != 0:
                equals[dataset.name].remove(name)
    return equals
