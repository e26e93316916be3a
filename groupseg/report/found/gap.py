"""The way from a constant to the label oracle."""

from groupseg.report.found.words import listing, named, verdict
from groupseg.report.gains import Gain, Gains
from groupseg.report.kinds import CONSTANTS, by_kind, same_score
from groupseg.report.results import CONSTANT
from groupseg.report.roles import REFERENCE

# GroupViT (Xu et al. 2022, Table C.3): mIoU with the threshold, and of the label oracle, of its own model, in percent.
PAPER = {"VOC": (52.3, 73.7), "Context": (22.4, 54.6), "COCO": (24.3, 54.0)}


def oracle_over_constant(found: Gains) -> str:
    """What the oracle adds to the constants of GroupViT, and what it adds in its paper."""
    gains, given = found.oracle(CONSTANT), found.results.params["strategies"]
    if not gains:
        return ""
    values = [f"{given[one.baseline].get('threshold')} on {one.name}" for one in found.results.datasets]
    paper = [f"from {low} to {high} on {name}" for name, (low, high) in PAPER.items()]
    return (
        f"Over the constant that GroupViT has for such data ({named(values)}) the label oracle "
        f"{verdict(gains)}, in points of mIoU: {listing(gains)}. In the paper, with another model on photographs, it "
        f"goes {named(paper)}."
    )


def oracle_over_rules(found: Gains) -> str:
    """What is left between calibrated rules and the oracle."""
    parts = [
        f"over `{name}` it {verdict(gains)}: {listing(gains)}"
        for name in dict.fromkeys((REFERENCE, found.best))
        if (gains := found.oracle(name))
    ]
    return f"The same oracle over calibrated rules: {'; '.join(parts)}." if parts else ""


def calibrating(found: Gains) -> str:
    """What one calibrated threshold gains over the constant."""
    return _compared(f"One calibrated threshold (`{REFERENCE}`)", found.pairs(REFERENCE, CONSTANT), "that constant")


def constants(found: Gains) -> str:
    """Which constant comes nearest to the calibrated threshold."""
    given = found.results.params["strategies"]
    names = [name for name in by_kind(found.results).get(CONSTANTS, []) if given[name].get("score") == "product"]
    best = found.highest(names)
    if not best:
        return ""
    title = f"The best of {len(names)} constants on its score, {given[best]['threshold']} (`{best}`),"
    return _compared(title, found.pairs(best, REFERENCE), f"`{REFERENCE}`")


def another_score(found: Gains) -> str:
    """What the best other score gains with one threshold."""
    names = [
        name
        for name in found.results.params["run"]["strategies"]
        if found.results.params["strategies"][name]["rule"] == "threshold" and name != REFERENCE
    ]
    best = found.highest(names)
    return _compared(f"One threshold on another score (`{best}`)", found.pairs(best, REFERENCE), f"`{REFERENCE}`")


def best_rule(found: Gains) -> str:
    """What the rule that stands for all gains over one threshold on its own score."""
    score = same_score(found.results, found.best) or REFERENCE
    return _compared(f"`{found.best}`", found.pairs(found.best, score), f"one threshold on its score (`{score}`)")


def _compared(first: str, gains: dict[str, Gain], second: str) -> str:
    """Says what one gains over the other; nothing where that is not known."""
    if not gains:
        return ""
    return f"{first} {verdict(gains)} against {second}: {listing(gains)}."
