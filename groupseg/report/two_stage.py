"""What two grouping stages reach without a part of how they are trained, as a table and in sentences."""

from statistics import fmean

from groupseg.metrics.seeds import spread_within
from groupseg.report.forms import Form, read_result
from groupseg.report.found.words import verdict
from groupseg.report.gains import Gain, mean_difference
from groupseg.report.numbers import percent
from groupseg.report.page_table import Table, markdown_lines
from groupseg.report.results import Results
from groupseg.report.roles import LABEL_ORACLE
from groupseg.report.trainings import Figure

WHOLE = "none"
# What is left out, in words.
WITHOUT = {
    WHOLE: "nothing",
    "detached": "the stop of gradients",
    "description": "the one description",
    "losses": "the losses on the first stage",
    "all": "all three, as published",
}
_NOT_HERE = (
    "Not measured in this run. After `dvc repro`, `python -m stages.two_stage all` trains the models, each as long as "
    "`two_stage`, and writes `results/{}/two_stage/`; `groupseg readme` then fills this in."
)


class Ablated(Form):
    """two_stage/<what is left out>_<seed>.json."""

    without: str
    seed: int
    device: str
    steps: int
    datasets: dict[str, dict[str, float]]


def two_stage_block(results: Results) -> str:
    """Writes the table in Markdown; where nothing is known, how to make it."""
    records = read_ablated(results)
    if not records:
        return _NOT_HERE.format(results.name)
    table = two_stage_table(results, records)
    said = [f"- {sentence}" for sentence in two_stage_sentences(results, records)]
    return "\n".join([*said, "", *markdown_lines(table), "", table.caption])


def read_ablated(results: Results) -> list[Ablated]:
    """Reads the records of all trainings, by name."""
    again = "Delete it and run `python -m stages.two_stage all` again."
    paths = sorted((results.folder / "two_stage").glob("*.json"))
    return [Ablated(**read_result(path, Ablated, again)) for path in paths]


def two_stage_sentences(results: Results, records: list[Ablated]) -> list[str]:
    """Says of each part whether something is lost without it; the table has the figures."""
    said, datasets = [], _datasets(results, records)
    for part, words in WITHOUT.items():
        parts = []
        for figure, title in _figures(records).items():
            found = {one: _gain(records, part, one, figure) for one in datasets}
            if gains := {one: gain for one, gain in found.items() if gain is not None}:
                subject = f"the {title}" if figure == LABEL_ORACLE else title
                parts.append(f"{subject} {verdict(gains)}")
        if parts:
            said.append(f"Without {words}: {'; '.join(parts)}.")
    return said


def two_stage_table(results: Results, records: list[Ablated]) -> Table:
    """Lists figures by what is left out, the mean over seeds, and how they differ from those of the whole."""
    datasets = _datasets(results, records)
    known = [part for part in WITHOUT if _of(records, part)]
    rows = [
        [WITHOUT[part], title, str(len(_of(records, part))), *(_cell(records, part, one, name) for one in datasets)]
        for name, title in _figures(records).items()
        for part in known
    ]
    caption = (
        "mIoU in % with masks as they are, the mean over seeds, and its difference to the whole, with its 95 % "
        "interval over seeds: their spread is pooled over all rows of a figure. The test images are the same. Bold "
        f"where 0 is outside. {_made(records)}"
    )
    return Table(["left out", "figure", "trainings", *datasets], rows, caption, words=2)


def _figures(records: list[Ablated]) -> dict[str, str]:
    """The figures that all records have, and how they are called."""
    names = [set(figures) for record in records for figures in record.datasets.values()]
    found = sorted(set.intersection(*names)) if names else []
    return {name: "label oracle" if name == LABEL_ORACLE else f"`{name}`" for name in found}


def _cell(records: list[Ablated], part: str, dataset: str, figure: str) -> str:
    reached = percent(fmean(one.datasets[dataset][figure] for one in _of(records, part)))
    gain = _gain(records, part, dataset, figure)
    return reached if gain is None else f"{reached}, {gain.markdown()}"


def _gain(records: list[Ablated], part: str, dataset: str, figure: str) -> Gain | None:
    """What a figure gains without a part; None where there are no trainings with and without it."""
    groups = {one: [record.datasets[dataset][figure] for record in _of(records, one)] for one in WITHOUT}
    own, whole = ([Figure(value, value, value) for value in groups[one]] for one in (part, WHOLE))
    if part == WHOLE or not own or not whole:
        return None
    return mean_difference(own, whole, spread_within(groups.values()))


def _datasets(results: Results, records: list[Ablated]) -> list[str]:
    """The data sets that run and all records have."""
    return [one.name for one in results.datasets if all(one.name in record.datasets for record in records)]


def _of(records: list[Ablated], part: str) -> list[Ablated]:
    return [record for record in records if record.without == part]


def _made(records: list[Ablated]) -> str:
    """Says how long they were trained, and on what."""
    steps = sorted({record.steps for record in records})
    devices = sorted({"a GPU" if record.device == "cuda" else record.device for record in records})
    return f"Trainings of {' or '.join(map(str, steps))} steps, on {' or '.join(devices)}."
