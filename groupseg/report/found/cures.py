"""Which cures are worth more than one threshold on the same score."""

from dataclasses import dataclass

from groupseg.report.found.words import named
from groupseg.report.gains import Gain, Gains, by_name
from groupseg.report.kinds import CONSTANTS, OTHER_SCORES, by_kind, same_score
from groupseg.report.numbers import NOTHING
from groupseg.report.page_table import Table


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
        if kind not in (CONSTANTS, OTHER_SCORES) and score:
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
