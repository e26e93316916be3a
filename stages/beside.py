"""A model beside the one that runs: its segments, made when they are asked for, and figures that are kept by key."""

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from groupseg.datasets.shards import read_crossfit, read_prepared_classes, read_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json
from groupseg.metrics.bootstrap import resample_weights
from groupseg.networks.protocol import Network
from groupseg.networks.registry import load_network
from groupseg.records import account, digest, files_digest
from groupseg.report.roles import LABEL_ORACLE
from groupseg.segments.build import build_table
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.crossfit import crossfit
from groupseg.strategies.protocol import Strategy
from stages import paths
from stages.schema import Params
from stages.tables import check_held_out, read_vocabulary


class Split:
    """The segments of a data set by a model; made when they are first asked for.

    Args:
        model: What the model is called in params.yaml.
        dataset: The data set.
        params: Says how it is judged.
        weights: The weights, where they are not those of that name.
    """

    def __init__(self, model: str, dataset: str, params: Params, weights: Path | None = None) -> None:
        self.model, self.dataset, self.params = model, dataset, params
        self.file = weights or paths.weights(model)
        self.refine = params.refinement(model)

    @cached_property
    def network(self) -> Network:
        """The model."""
        return load_network(self.file)

    @cached_property
    def tables(self) -> tuple[SegmentTable, SegmentTable]:
        """Calibration and test images; the same where they are cross-fitted."""
        test = self._segment("test")
        calib = test if crossfit(test) else self._segment("calib")
        check_held_out(test, calib)
        return calib, test

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The classes."""
        return read_vocabulary(self.dataset, self.tables[1])[0]

    @cached_property
    def weights(self) -> NDArray[np.int32]:
        """Resamples of the test images."""
        evaluate = self.params.evaluate
        return resample_weights(len(self.tables[1].keys), evaluate.resamples, evaluate.seed)

    def _segment(self, split: str) -> SegmentTable:
        prepared = paths.prepared(self.dataset)
        classes, with_background = read_prepared_classes(prepared)
        folds = read_crossfit(prepared)
        samples = tqdm(
            read_samples(prepared, split), desc=f"segment {self.dataset} {split}", unit="image", disable=None
        )
        protocol = {"dataset": self.dataset, "split": split, "model": self.model}
        protocol |= {"crossfit": str(folds)} if folds else {}
        return build_table(self.network, samples, classes, with_background, protocol, refine=self.refine)


def judge(
    title: str, keys: Mapping[str, str], old: Mapping[str, Any], split: Split, make: Callable[[str, Split], Any]
) -> dict[str, Any]:
    """Returns figures of each strategy and of the label oracle on a data set; right ones are kept.

    Args:
        title: What the model is called in messages.
        keys: The key that the figures of each must have.
        old: What a former call returned, if anything.
        split: The segments.
        make: Makes the figures of a strategy, by its name, or of `LABEL_ORACLE`.
    """
    started, title = time.monotonic(), f"{title} on {split.dataset}"
    kept = {**old.get("strategies", {}), LABEL_ORACLE: old.get("oracle", {}).get("label", {})}
    figures = {strategy: kept[strategy] for strategy, key in keys.items() if kept.get(strategy, {}).get("key") == key}
    missing = [strategy for strategy in keys if strategy not in figures]
    for strategy in tqdm(missing, desc=title, unit="strategy", disable=None):
        figures[strategy] = {**make(strategy, split), "key": keys[strategy]}
    reasons = dict.fromkeys(missing, "new or changed")
    print(account(title, len(keys) - len(missing), reasons, time.monotonic() - started))
    return {"oracle": {"label": figures.pop(LABEL_ORACLE)}, "strategies": figures}


def figure_keys(split: Split, stage: str, *others: Any) -> dict[str, str]:
    """Computes the key that the figures of each strategy, and of the oracle, must have.

    Args:
        split: The segments, which are not made.
        stage: Whose note says which code makes figures.
        others: What they are made from besides.

    Raises:
        UserError: If that note comes from an older version of the project.
    """
    note, shards = read_json(paths.note(stage)), sorted(paths.prepared(split.dataset).iterdir())
    if "segments" not in note:
        raise UserError(f"{paths.note(stage)} comes from an older version of the project. Run `dvc repro` first.")
    made_from = [
        files_digest(split.file, paths.text(split.dataset), *shards),
        note["segments"],
        str(split.refine),
        split.params.evaluate.model_dump(exclude={"best"}),
        *others,
    ]
    given = {name: strategy.definition() for name, strategy in fitting(split.params).items()}
    keys = {strategy: digest([made_from, one, note["figures"][one["rule"]]]) for strategy, one in given.items()}
    return {**keys, LABEL_ORACLE: digest([made_from, LABEL_ORACLE])}


def fitting(params: Params) -> dict[str, Strategy]:
    """The strategies that run and fit a model trained here, whose segments have embeddings."""
    named = {name: params.strategies[name] for name in params.run.strategies}
    return {name: strategy for name, strategy in named.items() if strategy.needs != "scores"}
