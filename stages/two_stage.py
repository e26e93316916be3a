"""Trains two grouping stages without a part of how they are trained: `python -m stages.two_stage all`, or `losses_0`.

`groupseg.networks.scenes.ablation` says which parts there are; 0 is the seed. Masks are judged as they are. Each
training leaves a record, `results/<run>/two_stage/losses_0.json`, and is kept by its key, so that several can run side
by side. As with variants, this is no stage of dvc.yaml. Run `dvc repro` before.
"""

from dataclasses import asdict, replace
from itertools import product
from typing import Any

import torch

from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json
from groupseg.networks.device import device
from groupseg.networks.history import History
from groupseg.networks.scenes.ablation import ABLATIONS, AblatedModel
from groupseg.networks.scenes.model import SceneModel
from groupseg.networks.scenes.network import SceneNetwork
from groupseg.networks.scenes.training.background import learn_background
from groupseg.networks.scenes.training.loop import SceneObjective, run_steps
from groupseg.networks.scenes.training.optimizer import MuonAdamW
from groupseg.networks.scenes.training.recipe import Recipe
from groupseg.networks.scenes.training.run import read_corpus
from groupseg.records import digest, files_digest
from groupseg.refine.settings import UNREFINED
from groupseg.report.forms import kept_result
from groupseg.report.roles import LABEL_ORACLE
from groupseg.report.two_stage import Ablated
from groupseg.studies.variant import oracle_figures, strategy_figures
from stages import paths
from stages.beside import Split
from stages.params import load_params
from stages.schema import Params, TrainedModel
from stages.stage import ROOT, run

MODEL, SEEDS = "two_stage", (0, 1, 2)
NAMES = {f"{part}_{seed}": (part, seed) for part, seed in product(ABLATIONS, SEEDS)}


def main(training: str) -> None:
    """Trains and judges what is missing or of anything else: all, or one such as losses_0."""
    if training not in ("all", *NAMES):
        raise UserError(f"{training} is unknown. There are all, {', '.join(NAMES)}.")
    params = load_params()
    if MODEL not in params.run.variants or not paths.source("models", MODEL).exists():
        raise UserError(f"{MODEL} is no variant that is ready. List it in run.variants, and run `dvc repro` before.")
    for name in NAMES if training == "all" else [training]:
        make(name, params)


def make(name: str, params: Params) -> None:
    """Trains and judges a model, unless its record is right."""
    part, seed = NAMES[name]
    model = params.models[MODEL]
    assert isinstance(model, TrainedModel)
    recipe = replace(model.training, seed=seed)
    path = paths.results(params) / "two_stage" / f"{name}.json"
    key = key_of(part, model, recipe, params)
    if kept_result(path, Ablated).get("key") == key:
        print(f"{name}: kept")
        return
    network = SceneNetwork(train(part, model, recipe, params, key))
    content = {"without": part, "seed": seed, "device": device().type, "steps": recipe.steps, "key": key}
    write_json(path, {**content, "datasets": judge(network, params)}, decimals=6)


def key_of(part: str, model: TrainedModel, recipe: Recipe, params: Params) -> str:
    """Digests all that a record is made from."""
    shards = [path for corpus in params.run.corpora for path in sorted((paths.CAPTIONS / corpus).glob("*.tar"))]
    shards += [path for dataset in params.run.datasets for path in sorted(paths.prepared(dataset).iterdir())]
    texts = [paths.CAPTION_TEXTS, *(paths.text(dataset) for dataset in params.run.datasets)]
    notes = [read_json(paths.note(stage))["figures"] for stage in ("variant", "two_stage")]
    strategies = [params.strategies[name].definition() for name in judged(params)]
    code = [note[one["rule"]] for note in notes for one in strategies]
    made_from = [files_digest(*shards, *texts), read_json(paths.source("models", MODEL))["code"], code, strategies]
    return digest([part, asdict(model.architecture), asdict(recipe), *made_from])


def judged(params: Params) -> list[str]:
    """The strategies that are judged: a single threshold, and the best one."""
    return ["global", params.evaluate.best]


def train(part: str, model: TrainedModel, recipe: Recipe, params: Params, key: str) -> SceneModel:
    """Trains a model without a part, as `groupseg.networks.scenes.training.loop.train_scene_model` does with it."""
    corpora = [paths.CAPTIONS / corpus for corpus in params.run.corpora]
    corpus = read_corpus(corpora, paths.CAPTION_TEXTS, model.architecture.resolution)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.manual_seed(recipe.seed)
    trained = AblatedModel(model.architecture, *ABLATIONS[part])
    trained.text_mean.copy_(corpus.nouns.mean(dim=0))
    trained.caption_mean.copy_(corpus.captions.mean(dim=0))
    trained.to(device()).to(memory_format=torch.channels_last).train()
    objective = SceneObjective(trained, recipe, corpus)
    optimizer = MuonAdamW(trained.parameters(), recipe)
    state = ROOT / ".work" / "train" / f"{key}.pt"
    run_steps(objective, optimizer, History(), recipe.steps, state)
    state.unlink(missing_ok=True)
    learn_background(trained.eval(), corpus, objective.nouns, recipe.seed)
    return trained


def judge(network: SceneNetwork, params: Params) -> dict[str, dict[str, Any]]:
    """Returns the held-out figures of the strategies and of the label oracle by data set."""
    figures: dict[str, dict[str, Any]] = {}
    for dataset in params.run.datasets:
        split = Split(MODEL, dataset, params)
        split.network, split.refine = network, UNREFINED
        figures[dataset] = {LABEL_ORACLE: oracle_figures(split.tables[1], split.weights)["miou"]}
        for name in judged(params):
            rule = params.strategies[name]
            reached = strategy_figures(rule, *split.tables, split.vocabulary, split.weights)
            figures[dataset][name] = reached["miou"]
    return figures


if __name__ == "__main__":
    run(main)
