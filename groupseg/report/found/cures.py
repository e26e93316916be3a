"""Which cures are worth more than one threshold on the same score."""

from collections.abc import Sequence
from dataclasses import dataclass

from groupseg.report.found.words import listing, named, verdict
from groupseg.report.gains import Gain, Gains, by_name
from groupseg.report.kinds import CONSTANTS, SCORES, by_kind, same_score
from groupseg.report.numbers import NOTHING
from groupseg.report.page_table import Table
from groupseg.report.trainings import ORACLE, differing

# Settings of the training by which a background constraint differs from another, or from none.
_CONSTRAINT = ("background_weight", "area_weight", "separation_weight")
_AGAINST = "one training each; in brackets against the best and the worst of"


@dataclass(frozen=True)
class Cure:
    """A kind of cure at its best.

    Attributes:
        kind: Its title.
        strategy: The strategy of that kind that has the highest mean mIoU over data sets.
        score: One calibrated threshold on the score of that strategy.
        gains: What the strategy gains over that, by data set.
    """

    kind: str
    strategy: str
    score: str
    gains: dict[str, Gain]


def cures(found: Gains) -> list[Cure]:
    """Lists the kinds of cure that do more than to cut another score once."""
    rows = []
    for kind, names in by_kind(found.results).items():
        best = found.highest(names)
        score = same_score(found.results, best) if best else ""
        if kind not in (CONSTANTS, SCORES) and score:
            rows.append(Cure(kind, best, score, found.pairs(best, score)))
    return [row for row in rows if row.gains]


def which_cures(found: Gains) -> str:
    """Says which kinds of cure gain."""
    rows = cures(found)
    gain = [row.kind for row in rows if by_name(row.gains, 1)]
    none = [row.kind for row in rows if len(by_name(row.gains, 0)) == len(row.gains)]
    lose = [row.kind for row in rows if row.kind not in gain + none]
    words = {"a gain on some data set": gain, "nothing measurable": none, "a loss and no gain": lose}
    parts = [f"{said} from {named(kinds)}" for said, kinds in words.items() if kinds]
    return f"Against one threshold on the same score there is {'; '.join(parts)} (see the table)." if parts else ""


def cures_table(found: Gains) -> Table:
    """Lists the kinds of cure, each with its gain on each data set, bold where there is one."""
    names = [dataset.name for dataset in found.results.datasets]
    rows = []
    for row in cures(found):
        gains = [row.gains.get(name) for name in names]
        cells = [NOTHING if gain is None else f"**{gain}**" if gain.sign else str(gain) for gain in gains]
        rows.append([row.kind, f"`{row.strategy}`", f"`{row.score}`", *cells])
    caption = "What each kind of cure, at its best, adds to one calibrated threshold on the same score."
    return Table(["in points of mIoU", "at its best", "against", *names], rows, caption, words=3)


def constraint(found: Gains) -> str:
    """Says what a background constraint in the training does, held against every seed without it."""
    parts = _beside(found, _CONSTRAINT, found.best)
    if not parts:
        return ""
    listed = "; ".join(f"with `{name}` `{found.best}` {said}" for name, said in parts.items())
    return f"A background constraint in the training ({_AGAINST} {len(found.seeds)} without it): {listed}."


def stages(found: Gains) -> str:
    """Says what a second grouping stage does to the best rule and to the label oracle, held against every seed."""
    listed = _masks_of(found, ("tokens", "merged"))
    return listed and f"Two grouping stages ({_AGAINST} {len(found.seeds)} with one): {listed}."


def unrefined(found: Gains) -> str:
    """Says the same of masks that are refined in another way than those of the model that runs, or not at all."""
    listed = _masks_of(found, ("refine",))
    return listed and f"Masks as they are, or refined otherwise ({_AGAINST} {len(found.seeds)}): {listed}."


def _masks_of(found: Gains, settings: Sequence[str]) -> str:
    """Lists what the best rule and the label oracle gain with the masks of models of other settings."""
    parts = [_beside(found, settings, name) for name in (found.best, ORACLE)]
    if not all(parts):
        return ""
    best, oracle = parts
    return "; ".join(f"with `{name}` `{found.best}` {best[name]}, the label oracle {oracle[name]}" for name in best)


def _beside(found: Gains, settings: Sequence[str], strategy: str) -> dict[str, str]:
    """Says what a strategy gains with each model of other settings over the seeds of the one that runs."""
    said = {}
    for name in differing(found.results, found.trainings, settings):
        gains = {}
        for dataset in found.results.datasets:
            own = found.trainings[name].get(dataset.name, {}).get(strategy)
            plain = [found.trainings[seed].get(dataset.name, {}).get(strategy) for seed in found.seeds]
            changes = [own - other for other in plain if own is not None and other is not None]
            if changes:
                gains[dataset.name] = Gain(sum(changes) / len(changes), min(changes), max(changes))
        if gains:
            said[name] = f"{verdict(gains)}: {listing(gains)}"
    return said
