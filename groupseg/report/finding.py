"""The findings in plain words. Every claim is derived from the figures, whichever way they turn out."""

from collections.abc import Sequence

from groupseg.report.readme import percent, signed
from groupseg.report.results import BASELINE, DatasetResults, Results


def headline(results: Results) -> str:
    """Says in one sentence what a better background decision is worth."""
    datasets = results.datasets
    better = [dataset for dataset in datasets if _gain(dataset) > 0 and _is_sure(dataset)]
    if not better:
        return f"No strategy is better than the {BASELINE} threshold by more than chance on {_named(datasets)}."
    gains = [percent(_gain(dataset)) for dataset in sorted(better, key=_gain)]
    points = gains[0] if len(set(gains)) == 1 else f"{gains[0]} to {gains[-1]}"
    where = (
        _named(datasets)
        if len(better) == len(datasets)
        else f"{_named(better)}, not on {_named(_without(datasets, better))}"
    )
    start = f"Deciding better what is background raises mIoU by {points} points"
    return f"{start} over a {BASELINE} threshold on {where}."


def sentence(dataset: DatasetResults) -> str:
    """Says what baseline, best strategy and oracle reach on a data set, and how much of the gap is closed."""
    base, best, oracle = dataset.strategies[BASELINE], dataset.strategies[dataset.challenger], dataset.oracle
    low, high = best["difference_to_fixed_ci"]
    change = f"{signed(_gain(dataset))} points, 95 % interval {signed(low)} to {signed(high)}"
    verdict = "" if _is_sure(dataset) else ", which may be chance"
    text = (
        f"The {BASELINE} threshold reaches {percent(base['miou'])} % mIoU; "
        f"{dataset.challenger}, the best of the others, {percent(best['miou'])} % ({change}{verdict}). "
        f"The same masks with the true label for each segment would reach {percent(oracle['miou'])} %"
    )
    gap = oracle["miou"] - base["miou"]
    share = f": {percent(_gain(dataset) / gap, 0)} % of that gap is closed." if gap > 0 and _gain(dataset) > 0 else "."
    return text + share


def _gain(dataset: DatasetResults) -> float:
    gain: float = dataset.strategies[dataset.challenger]["difference_to_fixed"]
    return gain


def _is_sure(dataset: DatasetResults) -> bool:
    """Whether the interval of the difference leaves zero out."""
    low, high = dataset.strategies[dataset.challenger]["difference_to_fixed_ci"]
    return bool(low > 0 or high < 0)


def _named(datasets: Sequence[DatasetResults]) -> str:
    *most, last = (dataset.name for dataset in datasets)
    return f"{', '.join(most)} and {last}" if most else last


def _without(datasets: Sequence[DatasetResults], others: Sequence[DatasetResults]) -> list[DatasetResults]:
    return [dataset for dataset in datasets if dataset not in others]
