"""Trains and judges a model beside the one that runs: `python -m stages.variant scenes_small_seed1`; `all` takes each.

No stage of dvc.yaml: its weights stay with whoever trained them, and nobody else misses them. What it has made and is
still right, weights and figures, is kept by its key. Run `dvc repro` before.
"""

import shutil
from collections.abc import Mapping
from typing import Any

from groupseg.errors import UserError
from groupseg.io.files import atomic_path, read_json, sha256, write_json
from groupseg.networks.scenes.training.run import train_model
from groupseg.records import digest
from groupseg.report.forms import Variant, kept_result
from groupseg.report.roles import LABEL_ORACLE
from groupseg.studies.variant import ladder_figures, oracle_figures, strategy_figures
from stages import paths
from stages.beside import Split, figure_keys, judge
from stages.params import load_params
from stages.schema import Params, TrainedModel
from stages.stage import ROOT, run


def main(name: str) -> None:
    """Trains a model of run.variants, or all of them, unless that is done; makes the figures that are missing."""
    params = load_params()
    for model in params.run.variants if name == "all" else [name]:
        make(model, params)


def make(name: str, params: Params) -> None:
    """Trains a model unless that is done, and makes the figures that are missing or of anything else."""
    train(name, params)
    path = paths.results(params) / "variants" / f"{name}.json"
    old, figures = kept_result(path, Variant).get("datasets", {}), {}
    for dataset in params.run.datasets:
        split, kept = Split(name, dataset, params), old.get(dataset, {})
        keys = figure_keys(split, "variant")
        judged = judge(name, keys, kept, split, figures_on)
        figures[dataset] = {**judged, **ladder_above(keys, kept, split)}
    about = {"model": name, "weights_sha256": sha256(paths.weights(name)), "refine": str(params.refinement(name))}
    write_json(path, {**about, "datasets": figures}, decimals=6)
    paths.forget_report()


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


def figures_on(strategy: str, split: Split) -> dict[str, Any]:
    """Returns the held-out figures of a strategy or of the label oracle."""
    if strategy == LABEL_ORACLE:
        return oracle_figures(split.tables[1], split.weights)
    return strategy_figures(split.params.strategies[strategy], *split.tables, split.vocabulary, split.weights)


def ladder_above(keys: Mapping[str, str], old: Mapping[str, Any], split: Split) -> dict[str, Any]:
    """Returns the rungs above the best strategy, kept where they are still right; none where it does not fit."""
    best = split.params.evaluate.best
    if best not in keys:
        return {}
    key, kept = digest([keys[best], keys[LABEL_ORACLE]]), old.get("ladder") or {}
    if kept.get("key") == key:
        return {"ladder": kept}
    strategy = split.params.strategies[best]
    return {"ladder": {"rungs": ladder_figures(strategy, *split.tables, split.vocabulary, split.weights), "key": key}}


if __name__ == "__main__":
    run(main)
