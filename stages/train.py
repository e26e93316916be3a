"""Trains a model, or takes the weights that the stage `weights` has left: `python -m stages.train scenes_small`."""

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from groupseg.datasets.shards import read_captions
from groupseg.files import atomic_path
from groupseg.model.images import to_square
from groupseg.model.weights import save_model
from groupseg.text.features import load_features
from groupseg.training.corpus import Corpus
from groupseg.training.loop import train
from groupseg.training.resume import fingerprint
from stages.params import load_params
from stages.schema import TrainedModel
from stages.stage import ROOT, run

CAPTIONS, TEXTS = Path("data/captions"), Path("data/text/captions.safetensors")
WEIGHTS = Path("data/weights")


def main(name: str) -> None:
    params = load_params()
    model = params.models[name]
    if isinstance(model, TrainedModel):
        fit(name, model, params.run.corpora)
    else:
        take(name)


def take(name: str) -> None:
    """Makes what the stage `weights` has left the model and its history."""
    for left, out in ((f"{name}.csv", history_path(name)), (f"{name}.safetensors", model_path(name))):
        with atomic_path(out) as path:
            shutil.copyfile(WEIGHTS / left, path)


def fit(name: str, model: TrainedModel, corpora: list[str]) -> None:
    """Trains a model on images and captions; goes on where a training of the same was broken off."""
    code = [path for part in ("model", "training") for path in Path("groupseg", part).glob("*.py")]
    data = [path for corpus in corpora for path in (CAPTIONS / corpus).glob("*.tar")]
    training = fingerprint(
        {"model": asdict(model.architecture), "training": asdict(model.training)},
        [Path("stages/train.py"), TEXTS, *code, *data],
    )
    # Under the root of the repository, also where `dvc exp run` works in a temporary copy of it.
    state = ROOT / ".work" / "train" / f"{training}.pt"
    corpus = read_corpus(corpora, model.architecture.resolution)
    torch.use_deterministic_algorithms(True, warn_only=True)
    trained, history = train(model.architecture, model.training, corpus, state)
    with atomic_path(history_path(name)) as path:
        pd.DataFrame(history).to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
    save_model(trained, model_path(name))
    state.unlink(missing_ok=True)


def history_path(name: str) -> Path:
    return Path("results/train") / f"{name}.csv"


def model_path(name: str) -> Path:
    return Path("models") / f"{name}.safetensors"


def read_corpus(corpora: list[str], resolution: int) -> Corpus:
    """Reads every captioned image into memory, uint8, and finds its texts among the embedded ones."""
    features, about = load_features(TEXTS)
    captions = {text: row for row, text in enumerate(about["captions"])}
    nouns = {noun: row for row, noun in enumerate(about["nouns"])}
    squares, told = [], []
    for corpus in corpora:
        for image in read_captions(CAPTIONS / corpus):  # squared one by one: photographs at full size fill the memory
            squares.append(to_square(np.array(image.image), resolution))
            told.append((captions[image.caption], [nouns[noun] for noun in image.nouns]))
    mentions = torch.zeros(len(told), len(nouns), dtype=torch.bool)
    for row, (_, named) in enumerate(told):
        mentions[row, named] = True
    return Corpus(
        images=torch.stack(squares),
        caption=torch.tensor([row for row, _ in told]),
        mentions=mentions,
        captions=torch.from_numpy(features["captions"]),
        nouns=torch.from_numpy(features["nouns"]),
    )


if __name__ == "__main__":
    run(main)
