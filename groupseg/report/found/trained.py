"""What other trainings do, and other masks: each against the kind of model that runs, or against one without a part."""

from collections.abc import Iterable
from statistics import fmean

from groupseg.report.families import AREA, CONSTRAINT, REFINED, SEPARATION, STAGES, WEIGHT, of_family
from groupseg.report.found.words import count, listing, named, verdict
from groupseg.report.gains import Gain, Gains
from groupseg.report.trainings import ORACLE, ModelKind, step

# Rungs of the ladder, and what the step up to each of them is lost to.
_LOST = {"true background": "wrong background", "label oracle": "wrong names", "perfect": "masks"}


def constraint(found: Gains) -> str:
    """What a background constraint does, with the best of its weights and with the worst."""
    kinds = [kind for kind in of_family(found.kinds, CONSTRAINT) if found.of_kind(kind, found.best)]
    if not kinds:
        return ""
    ranked = sorted(kinds, key=lambda kind: _mean(found.of_kind(kind, found.best).values()))
    weights = named([f"{weight:g}" for weight in sorted(kind.changes[WEIGHT] for kind in kinds)])
    worst, best, plain = ranked[0], ranked[-1], found.kinds[0]
    weight = f"With weight {best.changes[WEIGHT]:g}"
    text = [
        f"A background constraint in the training was tried with the weight{'s' * (len(kinds) > 1)} {weights}.",
        _held(found, best, plain, weight, "training without it"),
    ]
    if best is not worst:
        change = _change(found, worst, plain, found.best)
        text.append(f"That is the best weight; with the worst, {worst.changes[WEIGHT]:g}, `{found.best}` {change}.")
    return " ".join(filter(None, [*text, _lost(found, best, plain, weight)]))


def prior(found: Gains) -> str:
    """What TCL's area prior does beside the constraint."""
    return _beside(found, AREA, "TCL's area prior")


def separation(found: Gains) -> str:
    """What SynSeg's separation does beside the constraint."""
    return _beside(found, SEPARATION, "SynSeg's separation")


def stages(found: Gains) -> str:
    """What a second grouping stage does to the best rule and to the label oracle."""
    kinds = of_family(found.kinds, STAGES)
    said = [_told(found, kind, f"With two grouping stages (`{kind.names[0]}`)", "one stage", ORACLE) for kind in kinds]
    return " ".join(filter(None, said))


def unrefined(found: Gains) -> str:
    """The same of masks that are refined in another way than those of the model that runs, or not at all."""
    parts = []
    for kind in of_family(found.kinds, REFINED):
        plain = kind.changes["refine"] == "none"
        title = "With masks as they are" if plain else f"With masks refined by `{kind.changes['refine']}`"
        parts.append(_told(found, kind, title, "the same weights", ORACLE))
    return " ".join(filter(None, parts))


def _beside(found: Gains, family: str, what: str) -> str:
    """What something beside the constraint adds: to the same constraint alone, where that was tried."""
    parts = []
    for kind in of_family(found.kinds, family):
        weight = kind.changes.get(WEIGHT)
        alone = [one for one in of_family(found.kinds, CONSTRAINT) if one.changes[WEIGHT] == weight]
        title = f"With {what} beside a background constraint (`{kind.names[0]}`)"
        if alone and found.of_kind(kind, found.best, alone[0]):
            parts.append(_told(found, kind, title, "the same constraint alone", other=alone[0]))
        else:
            parts.append(_told(found, kind, title, "training without both"))
    return " ".join(filter(None, parts))


def _told(
    found: Gains, kind: ModelKind, title: str, against: str, figure: str = "", other: ModelKind | None = None
) -> str:
    """What a kind does to the best rule, to another figure, and to the steps of the ladder."""
    other = other or found.kinds[0]
    if not found.of_kind(kind, found.best, other):
        return ""
    text = [_held(found, kind, other, title, against)]
    if figure and found.of_kind(kind, figure, other):
        text.append(f"The label oracle {_change(found, kind, other, figure)}.")
    return " ".join(filter(None, [*text, _lost(found, kind, other, "Then")]))


def _held(found: Gains, kind: ModelKind, other: ModelKind, title: str, against: str) -> str:
    """What a kind does to the best rule."""
    held = f"against {against} ({_trainings(found, kind, other)})"
    return f"{title} `{found.best}` {_change(found, kind, other, found.best, held)}."


def _change(found: Gains, kind: ModelKind, other: ModelKind, figure: str, against: str = "") -> str:
    gains = found.of_kind(kind, figure, other)
    return f"{' '.join(filter(None, [verdict(gains), against]))}: {listing(gains)}"


def _lost(found: Gains, kind: ModelKind, other: ModelKind, title: str) -> str:
    """What the steps of the ladder from the best rule on cost then; empty where that was not measured."""
    said: dict[str, list[str]] = {}
    for rung, what in _LOST.items():
        if gains := found.of_kind(kind, step(rung), other):
            changed = verdict(gains, "is higher", "is lower", "does not differ measurably")
            said.setdefault(changed, []).append(f"to {what}")
    parts = [f"what is lost {named(lost)} {changed}" for changed, lost in said.items()]
    return f"{title}, by the ladder, {'; '.join(parts)}." if parts else ""


def _trainings(found: Gains, kind: ModelKind, other: ModelKind) -> str:
    """How many trainings are compared, and whether anything is known of their spread."""
    refined = set(kind.changes) == {"refine"}
    known = not refined and any(len(one.names) > 1 for one in found.kinds)
    seeds = "" if known else ", and seeds were not looked at"
    return f"{count(len(kind.names))} against {1 if refined else len(other.names)}{seeds}"


def _mean(gains: Iterable[Gain]) -> float:
    return fmean(gain.value for gain in gains)
