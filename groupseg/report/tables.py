"""The table of results: in Markdown for README and docs/, as plain text for the terminal, and for the report."""

from collections.abc import Collection, Mapping, Sequence

from groupseg.report.gains import Gain, Gains
from groupseg.report.numbers import MINUS as MINUS
from groupseg.report.numbers import NOTHING as NOTHING
from groupseg.report.numbers import percent as percent
from groupseg.report.numbers import share as share
from groupseg.report.numbers import signed as signed
from groupseg.report.numbers import with_interval as with_interval
from groupseg.report.page_table import Table
from groupseg.report.results import CONSTANT, DatasetResults, Results, gap_closed
from groupseg.report.roles import REFERENCE
from groupseg.report.ties import ties

GAP_NOTE = (
    f"From constant, from {REFERENCE}: how much is gone of the way from there to the label oracle, which knows the "
    "ground truth, over all data sets."
)
_MEASURES = {
    "background_iou": "background IoU",
    "foreground_miou": "foreground mIoU",
    "pixel_accuracy": "pixel accuracy",
}
_BOLD = (
    "Bold: the highest on average over the seeds of training at hand, and all that cannot be told from it by test "
    "images and seeds."
)
# What each part of the protocol is called in a sentence.
PROTOCOL = {
    "model": "model",
    "weights": "weights_sha256",
    "text": "text",
    "resolution": "resolution",
    "window": "window",
    "masks refined": "refine",
    "split": "split",
    "images": "images",
}


def results_table(results: Results, names: Sequence[str]) -> list[list[str]]:
    """Lists the rows: a heading, strategies, in bold those that cannot be told from the best, and the label oracle."""
    datasets, tied = results.datasets, ties(Gains(results))
    starts = [CONSTANT, REFERENCE]
    rows = [["mIoU, % [95 % interval]", *(dataset.name for dataset in datasets), *(f"from {name}" for name in starts)]]
    for name in names:
        cells = [bold(with_interval(dataset.figures(name)), dataset, name, tied) for dataset in datasets]
        rows.append([name, *cells, *(share(gap_closed(datasets, name, start)) for start in starts)])
    oracle = [with_interval(dataset.oracle) for dataset in datasets]
    return [*rows, ["label oracle", *oracle, *(share(1.0) for _ in starts)]]


def strategies_table(results: Results) -> Table:
    """Lists all strategies by falling mIoU over all data sets; those that run on some alone come last."""
    datasets = results.datasets
    reached = {name: sum(one.figures(name).get("miou", 0.0) for one in datasets) for name in strategies(results)}
    heading, *rows, oracle = results_table(results, sorted(reached, key=lambda name: -reached[name]))
    return Table(
        columns=["strategy", *heading[1:]],
        rows=[[f"`{name}`", *cells] for name, *cells in rows],
        caption=f"mIoU in percent, in brackets 95 % intervals. {_BOLD} {GAP_NOTE} {constants_sentence(results)}",
        foot=[oracle],
        sorted=1 + len(datasets),
    )


def figures_table(dataset: DatasetResults, tied: Collection[str]) -> Table:
    """Lists the strategies of a data set by falling mIoU; `tied` are those that cannot be told from the highest."""
    rows = []
    for name in dataset.ranking:
        own = dataset.strategies[name]
        cells = [with_interval(own), NOTHING, *(percent(own[key]) for key in _MEASURES)]
        if name != dataset.baseline:
            cells[1] = str(Gain(own["difference_to_baseline"], *own["difference_to_baseline_ci"]))
        rows.append([f"`{name}`", f"**{cells[0]}**" if name in tied else cells[0], *cells[1:]])
    oracle = [with_interval(dataset.oracle), NOTHING, *(percent(dataset.oracle[key]) for key in _MEASURES)]
    return Table(
        columns=["strategy", "mIoU", f"over `{dataset.baseline}`", *_MEASURES.values()],
        rows=rows,
        caption=f"In percent, on {dataset.metrics['images']} test images of {dataset.metrics['classes']} classes; in "
        f"brackets 95 % intervals, for differences on the same resamples. {_BOLD}",
        foot=[["label oracle", *oracle]],
        sorted=1,
    )


def bold(cell: str, dataset: DatasetResults, name: str, tied: Mapping[str, set[str]]) -> str:
    """Puts a cell in bold where the strategy is the highest, or cannot be told from it; see `ties`."""
    return f"**{cell}**" if dataset.name_of(name) in tied[dataset.name] else cell


def strategies(results: Results) -> list[str]:
    """Names all strategies that any data set has figures of, in the order of params.yaml."""
    return list(dict.fromkeys(name for dataset in results.datasets for name in dataset.strategies))


def headline_strategies(results: Results) -> list[str]:
    """Names the few strategies that tell the story: where all starts, one threshold, and the best."""
    found = Gains(results)
    told = {REFERENCE} | {name for dataset in results.datasets for name in (dataset.best, found.winner(dataset))}
    return [CONSTANT, *(name for name in strategies(results) if name in told)]


def constants_sentence(results: Results) -> str:
    """Says in a sentence which strategy is the constant of each data set."""
    named = [f"`{dataset.baseline}` on {dataset.name}" for dataset in results.datasets]
    return f"`{CONSTANT}`: the one that GroupViT has for such data, {', '.join(named)}."


def protocol_line(results: Results) -> str:
    """Names the protocol of the figures; what differs between data sets is listed in their order."""
    protocols = [{**dataset.metrics["protocol"], **dataset.metrics} for dataset in results.datasets]
    parts = []
    for name, key in PROTOCOL.items():
        # A few digits tell a digest from others; and a text may list the words of eighty classes.
        length = 12 if key == "weights_sha256" else 60
        values = [str(protocol[key])[:length] for protocol in protocols if key in protocol]
        if values:
            parts.append(f"{name} `{values[0] if len(set(values)) == 1 else ' / '.join(values)}`")
    return f"Protocol: {', '.join(parts)}."


def markdown(results: Results, names: Sequence[str]) -> str:
    """Writes a block of Markdown: the table of some strategies, and the protocol."""
    heading, *rows = (f"| {' | '.join(row)} |" for row in results_table(results, names))
    rule = f"|---|{'---|' * len(results.datasets)}--:|--:|"
    note = f"{_BOLD} Intervals: bootstrap over images. {GAP_NOTE}"
    return "\n".join([heading, rule, *rows, "", f"{note} {constants_sentence(results)} {protocol_line(results)}"])


def plain(results: Results) -> str:
    """Writes the table for a terminal, a star where the Markdown is bold."""
    rows = [
        [f"{cell.strip('*')} *" if cell.startswith("**") else cell for cell in row]
        for row in results_table(results, strategies(results))
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "-" * len(max(lines, key=len)))
    return "\n".join(
        [
            *lines,
            "",
            f"* the highest, and all that cannot be told from it. {GAP_NOTE}",
            constants_sentence(results),
            protocol_line(results),
        ]
    )
