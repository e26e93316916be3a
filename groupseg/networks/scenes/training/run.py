"""A training of the small network, from prepared images and texts to the model's file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from groupseg.datasets.shards import read_captions
from groupseg.networks.history import write_history
from groupseg.networks.resume import name_training
from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.images import to_square
from groupseg.networks.scenes.training.corpus import LoadedCorpus
from groupseg.networks.scenes.training.loop import train_scene_model
from groupseg.networks.scenes.training.recipe import Recipe
from groupseg.networks.scenes.weights import read_training_key, save_model
from groupseg.text.features import load_features


def train_model(
    architecture: Architecture,
    recipe: Recipe,
    corpora: Sequence[Path],
    texts: Path,
    code: str,
    states: Path,
    out: Mapping[str, Path],
) -> bool:
    """Trains a model, unless the file that is there came of the same training; goes on where one was broken off.

    Args:
        architecture: Its shape.
        recipe: Its recipe.
        corpora: Folders of captioned images.
        texts: The embedded captions and nouns of all of them.
        code: Digest of the code.
        states: Folder of the states of interrupted trainings.
        out: Where "weights" and "history" go.

    Returns:
        Whether it was trained.
    """
    data = [texts, *(path for corpus in corpora for path in corpus.glob("*.tar"))]
    key = name_training({"model": asdict(architecture), "training": asdict(recipe), "code": code}, data)
    if read_training_key(out["weights"]) == key and out["history"].exists():
        return False
    corpus = read_corpus(corpora, texts, architecture.resolution)
    torch.use_deterministic_algorithms(True, warn_only=True)
    state = states / f"{key}.pt"
    trained, history = train_scene_model(architecture, recipe, corpus, state)
    write_history(history, out["history"])
    save_model(trained, out["weights"], key)
    state.unlink(missing_ok=True)
    return True


def read_corpus(corpora: Sequence[Path], texts: Path, resolution: int) -> LoadedCorpus:
    """Reads every captioned image into memory, uint8, and finds its texts among the embedded ones."""
    features, about = load_features(texts)
    captions = {text: row for row, text in enumerate(about["captions"])}
    nouns = {noun: row for row, noun in enumerate(about["nouns"])}
    squares, told = [], []
    for corpus in corpora:
        for image in read_captions(corpus):  # squared one by one: photographs at full size fill the memory
            squares.append(to_square(np.array(image.image), resolution))
            told.append((captions[image.caption], [nouns[noun] for noun in image.nouns]))
    mentions = torch.zeros(len(told), len(nouns), dtype=torch.bool)
    for row, (_, named) in enumerate(told):
        mentions[row, named] = True
    return LoadedCorpus(
        images=torch.stack(squares),
        caption=torch.tensor([row for row, _ in told]),
        mentions=mentions,
        captions=torch.from_numpy(features["captions"]),
        nouns=torch.from_numpy(features["nouns"]),
    )
