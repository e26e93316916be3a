"""The findings in plain words. Every claim is derived from the figures, whichever way they turn out."""

from groupseg.report.found.words import named
from groupseg.report.gains import Gains, by_name
from groupseg.report.headline import gone
from groupseg.report.numbers import percent, share, signed
from groupseg.report.results import CONSTANT, DatasetResults, Results
from groupseg.report.roles import LABEL_ORACLE, REFERENCE


def headline(results: Results) -> str:
    """Says in one sentence how much of the way to the true labels a better decision goes."""
    found, datasets = Gains(results), results.datasets
    where = named([dataset.name for dataset in datasets])
    if not by_name(found.oracle(CONSTANT), 1):
        return f"The true label of each segment gains nothing measurable over a constant threshold on {where}."
    shares = {name: gone(found, name, CONSTANT) for name in dict.fromkeys((REFERENCE, found.best))}
    known = [f"{name} closes {share(value)}" for name, value in shares.items() if value is not None]
    text = (
        f"Of the way from a constant threshold to the true label of each segment, over {where}, {' and '.join(known)}"
    )
    sure = by_name(found.pairs(found.best, CONSTANT), 1)
    return f"{text}." if sure else f"{text}, which may be chance."


def dataset_sentence(dataset: DatasetResults) -> str:
    """Says what baseline, best strategy and oracle reach on a data set, and how much of the gap is closed."""
    base, best, oracle = dataset.strategies[dataset.baseline], dataset.strategies[dataset.best], dataset.oracle
    low, high = best["difference_to_baseline_ci"]
    change = f"{signed(_gain(dataset))} points, 95 % interval over test images {signed(low)} to {signed(high)}"
    verdict = "" if _is_sure(dataset) else ", which may be chance"
    text = (
        f"The constant, {dataset.baseline}, reaches {percent(base['miou'])} % mIoU, "
        f"{dataset.best} {percent(best['miou'])} % ({change}{verdict}). "
        f"The same masks with the true label for each segment would reach {percent(oracle['miou'])} %"
    )
    gap = oracle["miou"] - base["miou"]
    closed = f": {percent(_gain(dataset) / gap, 0)} % of that gap is closed." if gap > 0 and _gain(dataset) > 0 else "."
    return text + closed + _highest(dataset)


def class_finding(dataset: DatasetResults) -> str:
    """Says for how many classes the best strategy is better than the baseline, and for which most and least."""
    table = dataset.tables["per_class"].dropna(subset=[LABEL_ORACLE])
    gain = (table[dataset.best] - table[dataset.baseline]).to_numpy()
    better, worse = (gain > 0).sum(), (gain < 0).sum()
    ends = (int(gain.argmax()), int(gain.argmin()))
    most, least = (f"{table['class'].iloc[row]} ({signed(gain[row])})" for row in ends)
    absent = dataset.tables["per_class"].loc[dataset.tables["per_class"][LABEL_ORACLE].isna(), "class"]
    left_out = f" Left out, as no test pixel is of them: {', '.join(absent)}." if len(absent) else ""
    return (
        f"{dataset.best} is better than {dataset.baseline} for {better} of {len(gain)} classes, background among them, "
        f"and worse for {worse}; the ends are {most} and {least}, in points of IoU.{left_out}"
    )


def _highest(dataset: DatasetResults) -> str:
    """Names the strategy of highest mIoU where it is another one."""
    winner, count = dataset.winner, len(dataset.strategies)
    if winner in (dataset.best, dataset.baseline):
        return ""
    return f" Of {count} strategies {winner} is the highest, with {percent(dataset.strategies[winner]['miou'])} %."


def _gain(dataset: DatasetResults) -> float:
    gain: float = dataset.strategies[dataset.best]["difference_to_baseline"]
    return gain


def _is_sure(dataset: DatasetResults) -> bool:
    """Whether the interval of the difference leaves zero out."""
    low, high = dataset.strategies[dataset.best]["difference_to_baseline_ci"]
    return bool(low > 0 or high < 0)
