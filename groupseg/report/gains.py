"""What one strategy, or one kind of training, gains over another: how much, and between which ends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import hypot
from statistics import fmean

from groupseg.metrics.seeds import Spread, reach, spread_within
from groupseg.report.numbers import signed
from groupseg.report.results import DatasetResults, Results
from groupseg.report.trainings import ORACLE, Figure, Figures, ModelKind, kinds, same_weights, step, trainings

Pairs = dict[tuple[str, str], Figure]


@dataclass(frozen=True)
class Gain:
    """A difference of mIoU, as fractions.

    Attributes:
        value: The difference; the mean over seeds of training.
        low: Lower end of its 95 % interval over test images and seeds.
        high: Its upper end.
        seeds: The difference by each seed; the model that runs is the first.
    """

    value: float
    low: float
    high: float
    seeds: tuple[float, ...] = ()

    @classmethod
    def over_seeds(cls, values: Sequence[float], own: Figure) -> "Gain":
        """A mean over seeds; `own` is the first of them, with its interval over test images.

        With one seed that interval stands, and seeds are not looked at.
        """
        value, spread = fmean(values), spread_within([values])
        low, high = own.value - own.low, own.high - own.value
        ends = value - reach(low, spread, 1 / len(values)), value + reach(high, spread, 1 / len(values))
        return cls(value, *ends, tuple(values))

    @property
    def sign(self) -> int:
        """1 or -1 where images and seeds say so: no 0 in the interval, and no seed on its other side; else 0."""
        if self.low <= 0 <= self.high:
            return 0
        sign = 1 if self.value > 0 else -1
        return sign if all(sign * one > 0 for one in self.seeds) else 0

    def __str__(self) -> str:
        """In points, with the interval."""
        return f"{signed(self.value)} [{signed(self.low)}, {signed(self.high)}]"

    def markdown(self) -> str:
        """As `str`, bold where it has a sign."""
        return f"**{self}**" if self.sign else str(self)


class Gains:
    """Reads differences from the results of a run; each is a gain by data set, without those where it is not known."""

    def __init__(self, results: Results) -> None:
        self.results = results

    @cached_property
    def trainings(self) -> dict[str, Figures]:
        """The figures of all trainings at hand; the model that runs is the first."""
        return trainings(self.results)

    @cached_property
    def kinds(self) -> list[ModelKind]:
        """The trainings by kind; that of the model that runs is the first."""
        return kinds(self.results, self.trainings)

    @property
    def seeds(self) -> list[str]:
        """The trainings that differ by their seed alone; the model that runs is the first."""
        return self.kinds[0].names

    @cached_property
    def _pairs(self) -> dict[str, Pairs]:
        return {dataset.name: read_pairs(dataset) for dataset in self.results.datasets}

    @property
    def best(self) -> str:
        """The strategy that stands for all calibrated ones."""
        return str(self.results.params["evaluate"]["best"])

    def values(self, dataset: str, figure: str, names: Sequence[str]) -> list[Figure]:
        """A figure of some trainings, of those that have it; by default of the seeds of the model that runs."""
        known = (self.trainings[name].get(dataset, {}).get(figure) for name in names)
        return [one for one in known if one is not None]

    def reached(self, dataset: DatasetResults, name: str) -> list[float]:
        """What a strategy, or `ORACLE`, reaches by each seed; empty where it does not run."""
        return [one.value for one in self.values(dataset.name, dataset.name_of(name), self.seeds)]

    def pairs(self, first: str, second: str) -> dict[str, Gain]:
        """What a strategy gains over another; as to images, intervals hold for all pairs of a data set at once."""

        def read(dataset: DatasetResults) -> Gain | None:
            one, other = dataset.name_of(first), dataset.name_of(second)
            own = self._pairs[dataset.name].get((one, other))
            return own and self._over_seeds(dataset, one, other, own)

        return self._by_dataset(read)

    def oracle(self, strategy: str) -> dict[str, Gain]:
        """What the label oracle gains over a strategy."""

        def read(dataset: DatasetResults) -> Gain | None:
            name = dataset.name_of(strategy)
            own = dataset.strategies.get(name, {})
            if own.get("short_of_oracle") is None:
                return None
            figure = Figure(own["short_of_oracle"], *own["short_of_oracle_ci"])
            return self._over_seeds(dataset, ORACLE, name, figure)

        return self._by_dataset(read)

    def steps(self, rung: str) -> dict[str, Gain]:
        """The step up to a rung of the ladder."""

        def read(dataset: DatasetResults) -> Gain | None:
            found = self.values(dataset.name, step(rung), self.seeds)
            return Gain.over_seeds([one.value for one in found], found[0]) if found else None

        return self._by_dataset(read)

    def of_kind(self, kind: ModelKind, figure: str, other: ModelKind | None = None) -> dict[str, Gain]:
        """What a figure gains with trainings of a kind, against those of another one, or of the model that runs.

        Their errors over images are taken as independent, which is too wide: they are judged on the same images. The
        spread over seeds is that within all kinds at hand. Where masks alone are refined otherwise, the weights are the
        same, and the same seed is compared.
        """

        def read(dataset: DatasetResults) -> Gain | None:
            refined = set(kind.changes) == {"refine"}
            names = (other or self.kinds[0]).names
            plain = same_weights(self.results, kind.names[0], names) if refined else names
            name = dataset.name_of(figure)
            own, others = (self.values(dataset.name, name, names) for names in (kind.names, plain))
            if not own or not others:
                return None
            groups = [self.values(dataset.name, name, one.names) for one in self.kinds]
            known = spread_within([[one.value for one in group] for group in groups])
            return mean_difference(own, others, Spread(0.0, 0) if refined else known)

        return self._by_dataset(read)

    def highest(self, names: Sequence[str]) -> str:
        """The one of some strategies that has the highest mean mIoU over data sets and seeds; empty where none runs."""
        datasets = self.results.datasets
        means = {
            name: fmean(fmean(self.reached(one, name)) for one in datasets)
            for name in names
            if all(name in one.strategies for one in datasets)
        }
        return max(means, key=lambda name: means[name], default="")

    def winner(self, dataset: DatasetResults) -> str:
        """The strategy of a data set that has the highest mean mIoU over seeds; of equals, the first in params.yaml."""
        return max(dataset.strategies, key=lambda name: fmean(self.reached(dataset, name)))

    def _over_seeds(self, dataset: DatasetResults, first: str, second: str, own: Figure) -> Gain:
        """A difference by all seeds that have both figures; `own` is that of the model that runs."""
        known = [self.trainings[name].get(dataset.name, {}) for name in self.seeds[1:]]
        others = [one[first].value - one[second].value for one in known if first in one and second in one]
        return Gain.over_seeds([own.value, *others], own)

    def _by_dataset(self, read: Callable[[DatasetResults], Gain | None]) -> dict[str, Gain]:
        return {one.name: gain for one in self.results.datasets if (gain := read(one)) is not None}


def mean_difference(own: Sequence[Figure], others: Sequence[Figure], spread: Spread) -> Gain:
    """The difference of two means over trainings, with an interval over images and seeds."""

    def mean(figures: Sequence[Figure]) -> Figure:
        return Figure(*(fmean(one[place] for one in figures) for place in range(3)))

    one, other = mean(own), mean(others)
    value, share = one.value - other.value, 1 / len(own) + 1 / len(others)
    below, above = (hypot(up.value - up.low, down.high - down.value) for up, down in ((one, other), (other, one)))
    return Gain(value, value - reach(below, spread, share), value + reach(above, spread, share))


def read_pairs(dataset: DatasetResults) -> Pairs:
    """Difference of mIoU of each pair of strategies and the ends of its simultaneous interval, either way round."""
    columns = ["first", "second", "difference", "low", "high"]
    pairs: Pairs = {}
    for first, second, value, low, high in dataset.tables["pairs"][columns].itertuples(index=False, name=None):
        pairs[first, second] = Figure(float(value), float(low), float(high))
        pairs[second, first] = Figure(-float(value), -float(high), -float(low))
    return pairs


def by_name(gains: Mapping[str, Gain], sign: int) -> list[str]:
    """The data sets whose gain has a sign."""
    return [name for name, gain in gains.items() if gain.sign == sign]
