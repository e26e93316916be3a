"""The gap ladder of a data set: what each kind of error costs, from a constant threshold up to perfect masks."""

from typing import Any

from groupseg.report.gains import Gain
from groupseg.report.numbers import NOTHING, percent, signed
from groupseg.report.page_table import Table
from groupseg.report.results import DatasetResults

# What the step up to a rung costs as long as it is not taken.
_COSTS = {
    "true background": "wrong background decisions",
    "classes present": "classes that are not in the image",
    "label oracle": "classes of the image that are mixed up",
    "best labelling": "the label that the oracle's rule picks",
    "perfect": "the masks",
}


def ladder_table(dataset: DatasetResults) -> Table:
    """Lists the rungs from the constant up, each with its mIoU and the step up to it."""
    rungs, strategies = dataset.ladder["rungs"], dataset.ladder["strategies"]
    return Table(
        columns=["rung", "strategy", "mIoU, %", "step [95 % interval]"],
        rows=[
            [
                rung["name"],
                f"`{strategies[rung['name']]}`" if rung["name"] in strategies else "",
                percent(rung["miou"]),
                _step(rung) if place else NOTHING,  # the first is no step up from anything
            ]
            for place, rung in enumerate(rungs)
        ],
        caption="Each step puts one more thing right, with the same masks.",
        words=2,
    )


def rung_label(dataset: DatasetResults, name: str) -> str:
    """Name of a rung, and the strategy that stands on it where that is called otherwise."""
    strategy = dataset.ladder["strategies"].get(name, name)
    return name if strategy == name else f"{name} ({strategy})"


def ladder_finding(dataset: DatasetResults) -> str:
    """Says what strategies win back, and what costs most of the rest."""
    rungs = {rung["name"]: rung for rung in dataset.ladder["rungs"]}
    won = [name for name in rungs if name in dataset.ladder["strategies"] and name != "fixed"]
    steps = [f"{rung_label(dataset, name)} {_step(rungs[name])}" for name in won]
    rest = {name: rungs[name]["step"] for name in _COSTS if name in rungs}
    first, second = sorted(rest, key=lambda name: -rest[name])[:2]
    text = (
        f"The constant, {rung_label(dataset, 'fixed')}, reaches {percent(rungs['fixed']['miou'])} %. In points over "
        f"the one before: {', '.join(steps)}. Knowing which segments are background is worth "
        f"{_step(rungs['true background'])}. Of what is left most is lost to {_COSTS[first]} ({percent(rest[first])} "
        f"points) and to {_COSTS[second]} ({percent(rest[second])})."
    )
    down = [f"{name} ({signed(step)})" for name, step in rest.items() if round(100 * step, 1) < 0]
    if down:
        text += f" A step down: {', '.join(down)}."
    aside = dataset.ladder["accept_or_drop"]
    return (
        f"{text} Beside the ladder: its candidates kept or dropped as is best, wrong names dropped too, would give "
        f"{percent(aside['miou'])} %, {_step(aside)} over {dataset.ladder['strategies']['best calibrated']}."
    )


def _step(rung: dict[str, Any]) -> str:
    """A step with its interval."""
    return str(Gain(rung["step"], *rung["step_ci"]))
