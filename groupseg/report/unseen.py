"""What is reached on classes that training neither showed nor named, in sentences and tables."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from groupseg.report.forms import Form, Number, read_result
from groupseg.report.found.words import listing, named, verdict
from groupseg.report.gains import Gain
from groupseg.report.numbers import NOTHING, percent, with_interval
from groupseg.report.results import Results
from groupseg.report.roles import REFERENCE

ORACLE_ROW = "label oracle"
# Figures by data set.
_Figures = Mapping[str, Mapping[str, Any]]
_NOT_HERE = (
    "Not measured in this run. After `dvc repro`, `python -m stages.unseen` trains the model that runs once more, "
    "without these classes, which takes as long as before, and writes `results/{}/unseen.json`; `groupseg readme` then "
    "fills this in."
)
_NOTE = (
    "Mean IoU in % [95 % interval over test images] of seen and of unseen classes, both without background; their "
    "harmonic mean; and of the same unseen classes after the default training, which shows and names them and whose "
    "strategies are calibrated with their labels. One training each."
)

Ends = Annotated[list[Number], Field(min_length=2, max_length=2)]  # of the interval of a figure that may be null


class UnseenScore(Form):
    """What a strategy, or the label oracle, reaches (`groupseg.studies.unseen`)."""

    seen: Number
    seen_ci: Ends
    unseen: Number
    unseen_ci: Ends
    harmonic: Number
    harmonic_ci: Ends
    taught: Number
    taught_ci: Ends
    cost: Number
    cost_ci: Ends


class UnseenOracles(Form):
    """What the label oracle reaches."""

    label: UnseenScore


class UnseenFigures(Form):
    """What is reached on a data set."""

    unseen: list[str]
    strategies: dict[str, UnseenScore]
    oracle: UnseenOracles


class Unseen(Form):
    """unseen.json."""

    datasets: dict[str, UnseenFigures]


def read_unseen(results: Results) -> _Figures:
    """Reads the figures of the data sets that run; none where they were not made."""
    path = results.folder / "unseen.json"
    if not path.exists():
        return {}
    again = "Delete it and run `python -m stages.unseen` again."
    found: _Figures = read_result(path, Unseen, again)["datasets"]
    return {one.name: found[one.name] for one in results.datasets if one.name in found}


def unseen_sentences(results: Results) -> list[str]:
    """Says what is reached on unseen classes, and what it costs that they are unseen; nothing where it is not known."""
    found, best = read_unseen(results), results.params["evaluate"]["best"]
    rows = {name: _figures(found, name) for name in (best, REFERENCE, ORACLE_ROW)}
    if not rows[best]:
        return []
    reached = [
        f"{percent(own['unseen'])} % on {name} ({len(found[name]['unseen'])} classes; others {percent(own['seen'])} %)"
        for name, own in rows[best].items()
        if None not in (own["unseen"], own["seen"])
    ]
    said = []
    if reached:
        said.append(
            f"On classes that training neither showed nor named, `{best}` reaches a mean IoU of {named(reached)}."
        )
    costs = {name: gains for name, own in rows.items() if (gains := _costs(own))}
    parts = [f"{_title(name)} {verdict(gains)}: {listing(gains)}" for name, gains in costs.items()]
    if parts:
        said.append(
            "Where training does show and name these classes (one training each; seeds were not looked at), "
            f"{'; '.join(parts)}."
        )
    return said


def unseen_block(results: Results) -> str:
    """Writes the sentences and a table for each data set in Markdown; where nothing is known, how to make it."""
    found = read_unseen(results)
    if not found:
        return _NOT_HERE.format(results.name)
    said = [f"- {sentence}" for sentence in unseen_sentences(results)]
    tables = [part for name in found for part in ("", _table(results, name, found[name]))]
    return "\n".join([*said, "", _NOTE, *tables])


def _table(results: Results, dataset: str, found: Mapping[str, Any]) -> str:
    """Writes a table of all strategies and of the label oracle on a data set, folded up."""
    keys = ("seen", "unseen", "harmonic", "taught")
    rows = {f"`{name}`": own for name, own in found["strategies"].items()} | {ORACLE_ROW: found["oracle"]["label"]}
    lines = [f"| {name} | {' | '.join(with_interval(own, key) for key in keys)} |" for name, own in rows.items()]
    classes = f"{len(found['unseen'])} unseen classes: {', '.join(found['unseen'])}."
    heading = ["| strategy | seen | unseen | harmonic mean | unseen, when trained on |", "|---|---|---|---|---|"]
    title = f"<details><summary>{dataset}: {_highest(found)}</summary>"
    return "\n".join([title, "", classes, "", *heading, *lines, "", "</details>"])


def _highest(found: Mapping[str, Any]) -> str:
    """Says which strategy has the highest harmonic mean."""
    known = {name: own["harmonic"] for name, own in found["strategies"].items() if own["harmonic"] is not None}
    if not known:
        return f"harmonic mean {NOTHING}"
    best = max(known, key=lambda name: known[name])
    return f"the highest harmonic mean is that of {best}, {percent(known[best])}"


def _figures(found: _Figures, name: str) -> _Figures:
    """The figures of a strategy or of the label oracle by data set, without those where it has none."""
    rows = {
        dataset: one["oracle"]["label"] if name == ORACLE_ROW else one["strategies"].get(name)
        for dataset, one in found.items()
    }
    return {dataset: own for dataset, own in rows.items() if own}


def _costs(rows: _Figures) -> dict[str, Gain]:
    """What knowing the classes in training adds to a strategy, by data set."""
    known = {name: (own["cost"], *own["cost_ci"]) for name, own in rows.items()}
    return {name: Gain(*ends) for name, ends in known.items() if None not in ends}


def _title(name: str) -> str:
    return f"the {name}" if name == ORACLE_ROW else f"`{name}`"
