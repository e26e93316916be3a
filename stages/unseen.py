"""Trains the model that runs without a fifth of the classes, and judges it on those too: `python -m stages.unseen`.

They are neither drawn nor named in training, nor labelled in calibration: `scenes.unseen` says which. As with variants,
this is no stage of dvc.yaml, and what is still right is kept. Run `dvc repro` before: its figures are compared with.
"""

from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from groupseg.datasets import scenes
from groupseg.datasets.writer import write_captions
from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256, write_json
from groupseg.metrics.confusion import Counts
from groupseg.metrics.counts import load_counts
from groupseg.networks.scenes.training.run import train_model
from groupseg.records import digest, files_digest
from groupseg.report.forms import Form, kept_result
from groupseg.report.roles import LABEL_ORACLE
from groupseg.report.unseen import Unseen
from groupseg.studies.unseen import unseen_figures, unseen_labels
from groupseg.text.captions import embed_captions
from stages import paths
from stages.beside import Split, figure_keys, judge
from stages.params import load_params
from stages.schema import Params, ScenesCorpus, ScenesSource, TrainedModel
from stages.stage import ROOT, run

TITLE = "unseen classes"


def main() -> None:
    """Makes what is missing or of anything else: captions, weights, figures."""
    params = load_params()
    check(params)
    folder = paths.unseen_folder(params)
    draw(params, folder)
    train(params, folder)
    path, left_out = paths.results(params) / "unseen.json", scenes.unseen()
    old, figures = kept_result(path, Unseen).get("datasets", {}), {}
    for dataset in params.run.datasets:
        split = Split(params.run.model, dataset, params, folder / "weights.safetensors")
        keys = figure_keys(split, "unseen", sorted(left_out), files_digest(paths.counts(params, dataset)))
        make = partial(figures_on, taught=taught(params, dataset))
        made = judge(TITLE, keys, old.get(dataset, {}), split, make)
        figures[dataset] = {"unseen": classes_of(params, dataset), **made}
    content = {"model": params.run.model, "weights_sha256": sha256(folder / "weights.safetensors")}
    write_json(path, {**content, "datasets": figures}, decimals=6)
    paths.forget_report()


def check(params: Params) -> None:
    """Raises UserError unless all that runs is drawn and trained here: elsewhere no class can be left out."""
    kinds = {f"corpora.{name}": isinstance(params.corpora[name], ScenesCorpus) for name in params.run.corpora}
    kinds |= {
        f"datasets.{name}": isinstance(params.datasets[name].source, ScenesSource) for name in params.run.datasets
    }
    kinds[f"models.{params.run.model}"] = isinstance(params.models[params.run.model], TrainedModel)
    if others := [name for name, right in kinds.items() if not right]:
        raise UserError(
            f"{', '.join(others)}: classes can be left out of drawn scenes and of the small network alone. Name no"
            " other in params.yaml under `run`."
        )


def classes_of(params: Params, dataset: str) -> list[str]:
    """The unseen classes of a data set, in its order."""
    source = params.datasets[dataset].source
    assert isinstance(source, ScenesSource)
    return [name for name in scenes.class_names(source.scenes) if name in scenes.unseen()]


def draw(params: Params, folder: Path) -> None:
    """Draws and embeds captioned scenes without the unseen classes, unless those are there."""
    corpora = {name: folder / "captions" / name for name in params.run.corpora}
    notes = [*(paths.note("captions", name) for name in corpora), paths.note("embed_captions")]
    key, record = digest([read_json(note) for note in notes]), folder / "drawn.json"
    if kept_result(record, Form).get("key") == key:
        return
    for name, place in corpora.items():
        source = params.corpora[name]
        assert isinstance(source, ScenesCorpus)
        images = scenes.captioned(source.scenes, source.images, source.seed, scenes.unseen())
        shown = tqdm(images, f"captions {name}, {TITLE}", source.images, unit="image", disable=None)
        write_captions(place, shown)
    text = params.text
    embed_captions([*corpora.values()], text.package, text.sha256, text.noun_template, texts_of(folder))
    write_json(record, {"key": key})


def train(params: Params, folder: Path) -> None:
    """Trains the model, unless its weights are there."""
    model = params.models[params.run.model]
    assert isinstance(model, TrainedModel)
    trained = train_model(
        model.architecture,
        model.training,
        [folder / "captions" / name for name in params.run.corpora],
        texts_of(folder),
        read_json(paths.source("models", params.run.model))["code"],
        ROOT / ".work" / "train",
        {"weights": folder / "weights.safetensors", "history": folder / "history.csv"},
    )
    print(f"{TITLE}: {'trained' if trained else 'weights kept'}")


def texts_of(folder: Path) -> Path:
    """The embedded captions and nouns."""
    return folder / "captions.safetensors"


def taught(params: Params, dataset: str) -> tuple[dict[str, Counts], tuple[str, ...]]:
    """Reads the counts of each test image by the model that runs, which knows all classes, and the images' names."""
    counts, keys, _ = load_counts(paths.counts(params, dataset))
    return counts, keys


def figures_on(strategy: str, split: Split, taught: tuple[dict[str, Counts], tuple[str, ...]]) -> dict[str, Any]:
    """Returns the held-out figures of a strategy or of the label oracle by seen and unseen classes."""
    (calib, test), (counts, keys), left_out = split.tables, taught, scenes.unseen()
    if keys != test.keys or strategy not in counts:
        raise UserError(
            f"{paths.counts(split.params, split.dataset)} holds other images or strategies than params.yaml says."
            " Run `dvc repro` before."
        )
    rule = None if strategy == LABEL_ORACLE else split.params.strategies[strategy]
    labels = unseen_labels(rule, calib, test, split.vocabulary, left_out)
    return unseen_figures(test, labels, counts[strategy], left_out, split.weights)


if __name__ == "__main__":
    run(main)
