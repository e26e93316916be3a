"""What was found: the sentences, in the order in which they are read."""

from collections.abc import Callable, Sequence

from groupseg.report.found import cures, gap, refined, rest, studies
from groupseg.report.gains import Gains
from groupseg.report.results import Results
from groupseg.report.unseen import unseen_sentences

_TOLD: Sequence[Callable[[Gains], str]] = (
    gap.oracle_over_constant, gap.oracle_over_rules, gap.calibrating, gap.constants, gap.another_score, gap.best_rule,
    cures.which_cures, cures.constraint, cures.stages, studies.images_needed, studies.names, studies.moved,
    rest.known_truth, rest.masks, refined.chosen, cures.unrefined, rest.highest,
)  # fmt: skip
NOTE = (
    "In brackets 95 % intervals over test images; those of differences between strategies hold for all pairs at once. "
    "A gain or loss is called one where its interval leaves out 0 and every seed of training at hand agrees. The best "
    "of its kind is the one that is highest on these test images."
)


def findings(found: Gains) -> list[str]:
    """Says a thing in each sentence; what was not run is left out."""
    return [*(sentence for tell in _TOLD if (sentence := tell(found))), *unseen_sentences(found.results)]


def found_block(results: Results) -> str:
    """Writes the sentences and the table of cures in Markdown."""
    found = Gains(results)
    table = cures.cures_table(found)
    lines = [f"| {' | '.join(row)} |" for row in (table.columns, *table.rows)] if table.rows else []
    lines[1:1] = ["|---" * len(table.columns) + "|"] * bool(lines)
    said = [f"- {sentence}" for sentence in findings(found)]
    return "\n".join([*said, "", *lines, "", f"{NOTE} {_trained(found)}"]).strip()


def _trained(found: Gains) -> str:
    """Says on how many trainings it rests."""
    count = len(found.seeds)
    return "One training is at hand." if count == 1 else f"{count} trainings differ by their seed."
