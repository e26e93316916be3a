"""What one strategy gains over another: how much, between which ends, and whether all trainings at hand agree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from groupseg.report.numbers import signed
from groupseg.report.results import DatasetResults, Results
from groupseg.report.trainings import ORACLE, Figures, seeds, trainings

Pairs = dict[tuple[str, str], tuple[float, float, float]]


@dataclass(frozen=True)
class Gain:
    """A difference of mIoU, as fractions.

    Attributes:
        value: The difference, by the model that runs.
        low: Lower end of its 95 % interval over test images.
        high: Its upper end.
        others: The same difference by other seeds of training.
    """

    value: float
    low: float
    high: float
    others: tuple[float, ...] = ()

    @property
    def sign(self) -> int:
        """1 or -1 where images and trainings say so: no 0 in the interval, and no seed on its other side; else 0."""
        if self.low <= 0 <= self.high:
            return 0
        sign = 1 if self.value > 0 else -1
        return sign if all(sign * other > 0 for other in self.others) else 0

    def __str__(self) -> str:
        """In points, with the interval."""
        return f"{signed(self.value)} [{signed(self.low)}, {signed(self.high)}]"


class Gains:
    """Reads differences from the results of a run; each is a gain by data set, without those where it is not known."""

    def __init__(self, results: Results) -> None:
        self.results = results

    @cached_property
    def trainings(self) -> dict[str, Figures]:
        """The figures of all trainings at hand; the model that runs is the first."""
        return trainings(self.results)

    @cached_property
    def seeds(self) -> list[str]:
        """The trainings that differ by their seed alone; the model that runs is the first."""
        return seeds(self.results, self.trainings)

    @cached_property
    def _pairs(self) -> dict[str, Pairs]:
        return {dataset.name: read_pairs(dataset) for dataset in self.results.datasets}

    @property
    def best(self) -> str:
        """The strategy that stands for all calibrated ones."""
        return str(self.results.params["evaluate"]["best"])

    def pairs(self, first: str, second: str) -> dict[str, Gain]:
        """What a strategy gains over another; intervals hold for all pairs of a data set at once."""

        def read(dataset: DatasetResults) -> Gain | None:
            one, other = dataset.name_of(first), dataset.name_of(second)
            figures = self._pairs[dataset.name].get((one, other))
            return Gain(*figures, self._others(dataset, one, other)) if figures else None

        return self._by_dataset(read)

    def oracle(self, strategy: str) -> dict[str, Gain]:
        """What the label oracle gains over a strategy."""

        def read(dataset: DatasetResults) -> Gain | None:
            name = dataset.name_of(strategy)
            own = dataset.strategies.get(name, {})
            if own.get("short_of_oracle") is None:
                return None
            low, high = own["short_of_oracle_ci"]
            return Gain(own["short_of_oracle"], low, high, self._others(dataset, ORACLE, name))

        return self._by_dataset(read)

    def steps(self, rung: str) -> dict[str, Gain]:
        """The step up to a rung of the ladder."""

        def read(dataset: DatasetResults) -> Gain | None:
            found = next((one for one in dataset.ladder["rungs"] if one["name"] == rung), None)
            return found and Gain(found["step"], *found["step_ci"])

        return self._by_dataset(read)

    def highest(self, names: Sequence[str]) -> str:
        """The one of some strategies that has the highest mean mIoU over data sets; empty where none runs on all."""
        datasets = self.results.datasets
        means = {
            name: sum(one.strategies[name]["miou"] for one in datasets) / len(datasets)
            for name in names
            if all(name in one.strategies for one in datasets)
        }
        return max(means, key=lambda name: means[name], default="")

    def _others(self, dataset: DatasetResults, first: str, second: str) -> tuple[float, ...]:
        """A difference by the other seeds of training."""
        known = [self.trainings[name].get(dataset.name, {}) for name in self.seeds[1:]]
        return tuple(own[first] - own[second] for own in known if first in own and second in own)

    def _by_dataset(self, read: Callable[[DatasetResults], Gain | None]) -> dict[str, Gain]:
        return {one.name: gain for one in self.results.datasets if (gain := read(one)) is not None}


def read_pairs(dataset: DatasetResults) -> Pairs:
    """Difference of mIoU of each pair of strategies and the ends of its simultaneous interval, either way round."""
    columns = ["first", "second", "difference", "low", "high"]
    pairs: Pairs = {}
    for first, second, value, low, high in dataset.tables["pairs"][columns].itertuples(index=False, name=None):
        pairs[first, second] = (float(value), float(low), float(high))
        pairs[second, first] = (-float(value), -float(high), -float(low))
    return pairs


def by_name(gains: Mapping[str, Gain], sign: int) -> list[str]:
    """The data sets whose gain has a sign."""
    return [name for name, gain in gains.items() if gain.sign == sign]
