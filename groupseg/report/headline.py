"""The table at the top of the README: a few strategies, as mean and spread over the seeds of training at hand."""

from groupseg.report.gains import Gains
from groupseg.report.numbers import NOTHING, percent, share
from groupseg.report.results import CONSTANT, DatasetResults, Results, share_of_way
from groupseg.report.roles import REFERENCE
from groupseg.report.tables import GAP_NOTE, bold, constants_sentence, headline_strategies, markdown, protocol_line
from groupseg.report.ties import ties
from groupseg.report.trainings import ORACLE


def headline_block(results: Results) -> str:
    """Writes the table and its notes in Markdown; with one training, each figure has its interval instead."""
    found = Gains(results)
    if len(found.seeds) == 1:
        return markdown(results, headline_strategies(results))
    datasets, starts, tied = results.datasets, (CONSTANT, REFERENCE), ties(found)
    names = [dataset.name for dataset in datasets]
    heading = ["mIoU, % (lowest to highest)", *names, *(f"from {start}" for start in starts)]
    rows = [heading, ["---"] * (1 + len(datasets)) + ["--:"] * len(starts)]
    for name in (*headline_strategies(results), ORACLE):
        cells = [bold(_spread(found, dataset, name), dataset, name, tied) for dataset in datasets]
        gaps = [share(gone(found, name, start)) for start in starts]
        rows.append(["label oracle" if name == ORACLE else name, *cells, *gaps])
    note = (
        f"Mean of {len(found.seeds)} trainings that differ by their seed, and the lowest and highest of them. Bold: "
        "the highest, and all that cannot be told from it by test images and seeds. Intervals are in "
        f"[docs/results.md](docs/results.md#all-strategies). {GAP_NOTE}"
    )
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", f"{note} {constants_sentence(results)} {protocol_line(results)}"])


def _spread(found: Gains, dataset: DatasetResults, name: str) -> str:
    """Mean over seeds, lowest and highest."""
    values = found.reached(dataset, name)
    if not values:
        return NOTHING
    return f"{percent(sum(values) / len(values))} ({percent(min(values))}\N{EN DASH}{percent(max(values))})"


def gone(found: Gains, name: str, start: str) -> float | None:
    """Share of the way from `start` to the oracle, by the means over seeds."""
    rows = []
    for dataset in found.results.datasets:
        values = [found.reached(dataset, one) for one in (start, name, ORACLE)]
        rows.append([sum(some) / len(some) if some else None for some in values])
    return share_of_way(rows)
