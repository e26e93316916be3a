"""What was found: the sentences, in the order in which they are read."""

from collections.abc import Callable, Sequence

from groupseg.report.found import cures, gap, refined, rest, studies, trained
from groupseg.report.gains import Gains
from groupseg.report.page_table import markdown_lines
from groupseg.report.results import Results
from groupseg.report.unseen import unseen_sentences

_TOLD: Sequence[Callable[[Gains], str]] = (
    gap.oracle_over_constant, gap.oracle_over_rules, gap.calibrating, gap.constants, gap.another_score, gap.best_rule,
    cures.which_cures, trained.constraint, trained.prior, trained.separation, trained.stages,
    studies.images_of_one_threshold, studies.images_of_best, studies.names, studies.names_by_cosine, studies.moved,
    rest.known_truth, rest.masks, refined.chosen, trained.unrefined, rest.highest,
)  # fmt: skip


def findings(found: Gains) -> list[str]:
    """Says a thing in each sentence; what was not run is left out."""
    return [*(sentence for tell in _TOLD if (sentence := tell(found))), *unseen_sentences(found.results)]


def found_block(results: Results) -> str:
    """Writes the sentences and the table of cures in Markdown."""
    found = Gains(results)
    said = [f"- {sentence}" for sentence in findings(found)]
    return "\n".join([*said, "", *markdown_lines(cures.cures_table(found)), "", interval_note(found)]).strip()


def interval_note(found: Gains) -> str:
    """Says what the brackets hold, and on how many trainings that rests."""
    count = len(found.seeds)
    if count == 1:
        over = "test images. One training is at hand: other seeds were not looked at"
        sure = "its interval leaves out 0"
    else:
        over = f"test images and seeds of training; figures are means of {count} trainings that differ by their seed"
        sure = "its interval leaves out 0 and all seeds agree"
    return (
        f"In brackets 95 % intervals over {over}. As to images, those of differences between strategies hold for all "
        f"pairs at once. A gain or loss is called one where {sure}. The best of its kind is the one that is highest on "
        "these test images."
    )
