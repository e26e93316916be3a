"""The table of results, in Markdown for the pages and as plain text for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from groupseg.report.results import CONSTANT, REFERENCE, Results, gap_closed

MINUS, NOTHING = "\N{MINUS SIGN}", "\N{EN DASH}"
_GAP_NOTE = (
    f"From constant, from {REFERENCE}: how much is gone of the way from there to the label oracle, which knows the "
    "ground truth, over all data sets."
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


def percent(value: float | None, digits: int = 1) -> str:
    """Writes a fraction as a percentage without its sign; a dash where there is no number."""
    return NOTHING if value is None else f"{100 * value:.{digits}f}"


def signed(value: float | None) -> str:
    """Writes a difference of fractions in percentage points, always with its sign."""
    if value is None:
        return NOTHING
    return (MINUS if round(100 * value, 1) < 0 else "+") + percent(abs(value))


def share(value: float | None) -> str:
    """Writes a fraction as a whole percentage with its sign."""
    # Adding 0 turns a rounded -0 into 0.
    return NOTHING if value is None else f"{percent(round(value, 2) + 0.0, 0)} %".replace("-", MINUS)


def with_interval(figures: Mapping[str, Any], key: str = "miou") -> str:
    """Writes a figure with its 95 % interval, in percent."""
    if figures.get(key) is None:
        return NOTHING
    low, high = figures[f"{key}_ci"]
    return f"{percent(figures[key])} [{percent(low)}, {percent(high)}]"


def table(results: Results, names: Sequence[str]) -> list[list[str]]:
    """Lists the rows of the table: a heading, strategies (the best of all between `**`), the label oracle."""
    datasets = results.datasets
    starts = [CONSTANT, REFERENCE]
    rows = [["mIoU, % [95 % interval]", *(dataset.name for dataset in datasets), *(f"from {name}" for name in starts)]]
    for name in names:
        cells = [with_interval(dataset.figures(name)) for dataset in datasets]
        bold = [
            f"**{cell}**" if name == dataset.winner else cell for cell, dataset in zip(cells, datasets, strict=True)
        ]
        rows.append([name, *bold, *(share(gap_closed(datasets, name, start)) for start in starts)])
    oracle = [with_interval(dataset.oracle) for dataset in datasets]
    return [*rows, ["label oracle", *oracle, *(share(1.0) for _ in starts)]]


def strategies(results: Results) -> list[str]:
    """Names all strategies that any data set has figures of, in the order of params.yaml."""
    return list(dict.fromkeys(name for dataset in results.datasets for name in dataset.strategies))


def headline(results: Results) -> list[str]:
    """Names the few strategies that tell the story: where all starts, one threshold, and the best."""
    told = {REFERENCE} | {name for dataset in results.datasets for name in (dataset.best, dataset.winner)}
    return [CONSTANT, *(name for name in strategies(results) if name in told)]


def constants(results: Results) -> str:
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
    heading, *rows = (f"| {' | '.join(row)} |" for row in table(results, names))
    rule = f"|---|{'---|' * len(results.datasets)}--:|--:|"
    note = f"Bold: best of the data set, of all strategies. Intervals: bootstrap over images. {_GAP_NOTE}"
    return "\n".join([heading, rule, *rows, "", f"{note} {constants(results)} {protocol_line(results)}"])


def plain(results: Results) -> str:
    """Writes the table for a terminal, the best strategy of a data set marked with a star."""
    rows = [
        [f"{cell.strip('*')} *" if cell.startswith("**") else cell for cell in row]
        for row in table(results, strategies(results))
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "-" * len(max(lines, key=len)))
    return "\n".join(
        [
            *lines,
            "",
            f"* best of the data set. {_GAP_NOTE}",
            constants(results),
            protocol_line(results),
        ]
    )
