"""Trains and judges a model beside the one that runs: `python -m stages.variant scenes_small_seed1`.

No stage of dvc.yaml: its weights stay with whoever trained them, and nobody else misses them. What it has made and is
still right, weights and figures, is kept by its key. Run `dvc repro` before.
"""

import shutil
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from groupseg.datasets.shards import read_class_list, read_crossfit, read_samples
from groupseg.errors import UserError
from groupseg.files import atomic_path, read_json, sha256, write_json
from groupseg.metrics.bootstrap import resample_weights
from groupseg.networks import load_network
from groupseg.records import account, digest, files_digest
from groupseg.refine.settings import UNREFINED
from groupseg.report.forms import Variant, read_result
from groupseg.segments.build import build_table
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.crossfit import crossfit
from groupseg.studies.variant import oracle_figures, strategy_figures
from groupseg.training.run import train_model
from stages import paths
from stages.params import load_params
from stages.schema import Params, TrainedModel
from stages.stage import ROOT, run
from stages.tables import ORACLE, check_held_out, read_vocabulary


def main(name: str) -> None:
    """Trains a model unless that is done, and makes the figures that are missing or of anything else."""
    params = load_params()
    train(name, params)
    path = paths.results(params) / "variants" / f"{name}.json"
    old = figures_of(path)
    figures = {dataset: judge(name, dataset, params, old.get(dataset, {})) for dataset in params.run.datasets}
    refine = {"refine": str(params.refine[name])} if name in params.refine else {}
    content = {"model": name, "weights_sha256": sha256(paths.weights(name)), **refine, "datasets": figures}
    write_json(path, content, decimals=6)


def figures_of(path: Path) -> dict[str, Any]:
    """Returns the figures of a variant by data set; none where there is no whole file, and all must be made."""
    try:
        found: dict[str, Any] = read_result(path, Variant)["datasets"]
    except UserError:
        return {}
    return found


def train(name: str, params: Params) -> None:
    """Trains the model, unless its weights are there."""
    model, source = params.models[name], paths.source("models", name)
    if not isinstance(model, TrainedModel) or not source.exists():
        raise UserError(f"{name} is no variant that is ready. List it in run.variants, and run `dvc repro` before.")
    take_over(name, params)
    corpora = [paths.CAPTIONS / corpus for corpus in params.run.corpora]
    out = {"weights": paths.weights(name), "history": paths.history(name)}
    trained = train_model(
        model.architecture, model.training, corpora, paths.CAPTION_TEXTS, read_json(source)["code"],
        ROOT / ".work" / "train", out,
    )  # fmt: skip
    print(f"{name}: {'trained' if trained else 'weights kept'}")


def take_over(name: str, params: Params) -> None:
    """Copies the weights of the model that runs where only its refinement is another.

    Whether they are of this training is asked as of any that are there.
    """
    own = params.run.model
    if name == own or params.models[name] != params.models[own]:
        return
    for place in (paths.weights, paths.history):
        if place(own).exists():
            with atomic_path(place(name)) as temporary:
                shutil.copyfile(place(own), temporary)


class Split:
    """The segments of a data set by a model; made when they are first asked for."""

    def __init__(self, model: str, dataset: str, params: Params) -> None:
        self.model, self.dataset, self.evaluate = model, dataset, params.evaluate
        self.refine = params.refine.get(model, UNREFINED)

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
        return resample_weights(len(self.tables[1].keys), self.evaluate.resamples, self.evaluate.seed)

    def _segment(self, split: str) -> SegmentTable:
        prepared = paths.prepared(self.dataset)
        classes, with_background = read_class_list(prepared)
        folds = read_crossfit(prepared)
        samples = tqdm(
            read_samples(prepared, split), desc=f"segment {self.dataset} {split}", unit="image", disable=None
        )
        protocol = {"dataset": self.dataset, "split": split, "model": self.model}
        protocol |= {"crossfit": str(folds)} if folds else {}
        network = load_network(paths.weights(self.model))
        return build_table(
            network, samples, classes, with_background, protocol, lambda key, segments: None, self.refine
        )


def judge(name: str, dataset: str, params: Params, old: dict[str, Any]) -> dict[str, Any]:
    """Returns the held-out figures of each strategy and of the label oracle on a data set; right ones are kept."""
    started, split = time.monotonic(), Split(name, dataset, params)
    keys = figure_keys(name, dataset, params)
    kept = {**old.get("strategies", {}), ORACLE: old.get("oracle", {}).get("label", {})}
    figures = {strategy: kept[strategy] for strategy, key in keys.items() if kept.get(strategy, {}).get("key") == key}
    missing = [strategy for strategy in keys if strategy not in figures]
    for strategy in tqdm(missing, desc=f"{name} on {dataset}", unit="strategy", disable=None):
        if strategy == ORACLE:
            made = oracle_figures(split.tables[1], split.weights)
        else:
            made = strategy_figures(params.strategies[strategy], *split.tables, split.vocabulary, split.weights)
        figures[strategy] = {**made, "key": keys[strategy]}
    reasons = dict.fromkeys(missing, "new or changed")
    print(account(f"{name} on {dataset}", len(keys) - len(missing), reasons, time.monotonic() - started))
    return {"oracle": {"label": figures.pop(ORACLE)}, "strategies": figures}


def figure_keys(name: str, dataset: str, params: Params) -> dict[str, str]:
    """Computes the key that the figures of each strategy, and of the oracle, must have."""
    shards = sorted(paths.prepared(dataset).iterdir())
    made_from = [
        files_digest(paths.weights(name), paths.text(dataset), *shards),
        read_json(paths.note("segment"))["code"],
        str(params.refine.get(name, UNREFINED)),
        params.evaluate.model_dump(exclude={"best"}),
    ]
    code = read_json(paths.note("variant"))["figures"]
    # Variants are trained here, and their segments have embeddings.
    fitting = [name for name in params.run.strategies if params.strategies[name].needs != "scores"]
    given = {strategy: params.strategies[strategy].definition() for strategy in fitting}
    keys = {strategy: digest([made_from, one, code[one["rule"]]]) for strategy, one in given.items()}
    return {**keys, ORACLE: digest([made_from, ORACLE])}


if __name__ == "__main__":
    run(main)
