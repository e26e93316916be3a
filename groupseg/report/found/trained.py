"""What other trainings do, and other masks: each against the kind of model that runs."""

from collections.abc import Iterable
from statistics import fmean

from groupseg.report.families import AREA, CONSTRAINT, REFINED, SEPARATION, STAGES, WEIGHT, of_family
from groupseg.report.found.words import count, listing, named, verdict
from groupseg.report.gains import Gain, Gains
from groupseg.report.trainings import ORACLE, ModelKind, step

# Rungs of the ladder, and what the step up to each of them is lost to.
_LOST = {"true background": "wrong background costs", "label oracle": "wrong names cost", "perfect": "masks cost"}


def constraint(found: Gains) -> str:
    """What a background constraint does, with the best of its weights and with the worst."""
    kinds = [kind for kind in of_family(found.kinds, CONSTRAINT) if found.of_kind(kind, found.best)]
    if not kinds:
        return ""
    ranked = sorted(kinds, key=lambda kind: _mean(found.of_kind(kind, found.best).values()))
    weights = named([f"{weight:g}" for weight in sorted(kind.changes[WEIGHT] for kind in kinds)])
    text = [f"A background constraint in the training was tried with the weight{'s' * (len(kinds) > 1)} {weights}."]
    best = ranked[-1]
    against = f"against training without it ({_trainings(found, best)})"
    text.append(f"With weight {best.changes[WEIGHT]:g} `{found.best}` {_change(found, best, found.best, against)}.")
    text.append(_lost(found, best))
    if len(ranked) > 1:
        worst = ranked[0]
        said = f"`{found.best}` {_change(found, worst, found.best)}"
        text.append(f"That is the best weight; with the worst, {worst.changes[WEIGHT]:g}, {said}.")
    return " ".join(filter(None, text))


def prior(found: Gains) -> str:
    """What TCL's area prior does beside the constraint."""
    return _each(found, AREA, "With a constraint and TCL's area prior", "training without both")


def separation(found: Gains) -> str:
    """What SynSeg's separation does beside the constraint."""
    return _each(found, SEPARATION, "With a constraint and SynSeg's separation", "training without both")


def stages(found: Gains) -> str:
    """What a second grouping stage does to the best rule and to the label oracle."""
    return _each(found, STAGES, "With two grouping stages", "one stage", with_oracle=True)


def unrefined(found: Gains) -> str:
    """The same of masks that are refined in another way than those of the model that runs, or not at all."""
    parts = []
    for kind in of_family(found.kinds, REFINED):
        plain = kind.changes["refine"] == "none"
        title = "With masks as they are" if plain else f"With masks refined by `{kind.changes['refine']}`"
        parts.append(_told(found, kind, title, "the same weights", True))
    return " ".join(filter(None, parts))


def _each(found: Gains, family: str, title: str, against: str, with_oracle: bool = False) -> str:
    """Says of each kind of a family what it does."""
    kinds = of_family(found.kinds, family)
    said = [_told(found, kind, f"{title} (`{kind.names[0]}`)", against, with_oracle) for kind in kinds]
    return " ".join(filter(None, said))


def _told(found: Gains, kind: ModelKind, title: str, against: str, with_oracle: bool) -> str:
    """What a kind does to the best rule, and to the label oracle or to the steps of the ladder."""
    if not found.of_kind(kind, found.best):
        return ""
    against = f"against {against} ({_trainings(found, kind)})"
    text = [f"{title} `{found.best}` {_change(found, kind, found.best, against)}."]
    if with_oracle and found.of_kind(kind, ORACLE):
        text.append(f"The label oracle {_change(found, kind, ORACLE)}.")
    return " ".join(filter(None, [*text, _lost(found, kind)]))


def _change(found: Gains, kind: ModelKind, figure: str, against: str = "") -> str:
    gains = found.of_kind(kind, figure)
    return f"{' '.join(filter(None, [verdict(gains), against]))}: {listing(gains)}"


def _lost(found: Gains, kind: ModelKind) -> str:
    """What the steps of the ladder from the best rule on cost then; empty where that was not measured."""
    steps = {what: found.of_kind(kind, step(rung)) for rung, what in _LOST.items()}
    words = ("rises", "falls", "does not change measurably")
    parts = [f"what {what} {verdict(gains, *words)}" for what, gains in steps.items() if gains]
    return f"By the ladder, {', '.join(parts)}." if parts else ""


def _trainings(found: Gains, kind: ModelKind) -> str:
    """How many trainings are compared."""
    plain = 1 if set(kind.changes) == {"refine"} else len(found.seeds)
    own = len(kind.names)
    seeds = ", and seeds were not looked at" if own == plain == 1 else ""
    return f"{count(own)} against {plain}{seeds}"


def _mean(gains: Iterable[Gain]) -> float:
    return fmean(gain.value for gain in gains)
