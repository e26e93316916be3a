"""What is asked of strategies beyond their figures: `python -m stages.studies scenes20`.

How many calibration images they need, what other class lists do to them, and what they are worth when they were fitted
on other data sets. Rows whose key is right are kept.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from groupseg.io.files import read_json
from groupseg.parallel import workers
from groupseg.records import digest, files_digest
from groupseg.segments.memory import check_memory, check_space
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.protocol import Strategy
from groupseg.studies import learning, transfer, vocabulary
from stages import paths
from stages.params import load_params
from stages.rows import update_rows
from stages.schema import LearningStudy, Params, VocabularyStudy
from stages.stage import run
from stages.tables import read_kept, read_splits, read_vocabulary, running

_Rows = Iterable[Sequence[Any]]


class Data(NamedTuple):
    """Calibration images, test images, and the vocabulary of both."""

    calib: SegmentTable
    test: SegmentTable
    vocabulary: Vocabulary


class LazyDataset:
    """A data set that is not read before it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.digest = files_digest(*(paths.table(name, split) for split in ("calib", "test")), paths.text(name))

    @cached_property
    def data(self) -> Data:
        """What lies in its files."""
        check_memory(paths.table(self.name, "test"), workers())
        check_space(paths.table(self.name, "test"), workers())
        calib, test = read_splits(self.name)
        return Data(calib, test, read_vocabulary(self.name, calib)[0])


def main(dataset: str) -> None:
    """Makes the rows that are missing or of anything else, on all cores."""
    params, found = load_params(), LazyDataset(dataset)
    learn(params, found)
    vary(params, found)
    move(params, found)


def learn(params: Params, dataset: LazyDataset) -> None:
    """Fits strategies on draws of the calibration images."""
    study = params.studies.learning

    def rows(names: list[str]) -> _Rows:
        strategies = {name: params.strategies[name] for name in names}
        return learning.learning_curve(strategies, *dataset.data, study.sizes, study.draws, study.seed, workers())

    fitting = running(params, dataset.name, params.run.strategies)
    update("learning", params, dataset, study, list(fitting), learning.LEARNING_COLUMNS, rows)


def vary(params: Params, dataset: LazyDataset) -> None:
    """Gives strategies other class lists."""
    study = params.studies.vocabulary

    def rows(names: list[str]) -> _Rows:
        strategies = {name: params.strategies[name] for name in names}
        return vocabulary.vocabulary_study(
            strategies, *dataset.data, study.sizes, study.absent, study.draws, study.seed, workers()
        )

    fitting = running(params, dataset.name, study.strategies, tell=True)
    update("vocabulary", params, dataset, study, list(fitting), vocabulary.VOCABULARY_COLUMNS, rows)


def move(params: Params, dataset: LazyDataset) -> None:
    """Judges the data set with what strategies have found on each data set that runs."""

    def rows(names: list[str]) -> _Rows:
        fitted = {source: calibrated(params, source, names) for source in params.run.datasets}
        return transfer.transfer_study(dataset.name, fitted, dataset.data.test, dataset.data.vocabulary)

    code = read_json(paths.note("studies"))["transfer"]
    keys = {}
    strategies = running(params, dataset.name, params.run.strategies)
    for name in filter(lambda name: transfer.portable(params.strategies[name]), strategies):
        records = [read_kept(params, source, name)[0] for source in params.run.datasets]
        of_each = dict(zip(params.run.datasets, (record["key"] for record in records), strict=True))
        keys[name] = digest([dataset.digest, of_each, code[records[0]["rule"]]])
    path = paths.results(params) / "transfer" / f"{dataset.name}.csv"
    update_rows(path, f"transfer {dataset.name}", keys, transfer.TRANSFER_COLUMNS, rows)


def calibrated(params: Params, dataset: str, strategies: list[str]) -> dict[str, Strategy]:
    """Reads some strategies as they were fitted; of cross-fitted ones, the copy that has not seen the first fold."""
    found = {name: read_kept(params, dataset, name)[1] for name in strategies}
    return {name: one.copies[0] if isinstance(one, CrossFit) else one for name, one in found.items()}


def update(
    name: str,
    params: Params,
    dataset: LazyDataset,
    study: LearningStudy | VocabularyStudy,
    strategies: list[str],
    columns: Sequence[str],
    rows: Callable[[list[str]], _Rows],
) -> None:
    """Brings the table of a study up to date; see `update_rows`."""
    code = read_json(paths.note("studies"))[name]
    # Which strategies a study lists decides nothing about any of them.
    said = study.model_dump(exclude={"strategies"})
    given = {strategy: params.strategies[strategy].definition() for strategy in strategies}
    keys = {strategy: digest([dataset.digest, said, one, code[one["rule"]]]) for strategy, one in given.items()}
    update_rows(paths.results(params) / name / f"{dataset.name}.csv", f"{name} {dataset.name}", keys, columns, rows)


if __name__ == "__main__":
    run(main)
