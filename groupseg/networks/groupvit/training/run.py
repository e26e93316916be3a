"""A training of GroupViT as published, from prepared images to the model's file, in all processes together."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from groupseg.networks.device import device
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.training.corpus import open_corpus
from groupseg.networks.groupvit.training.loop import train_from_captions
from groupseg.networks.groupvit.training.recipe import GroupViTRecipe
from groupseg.networks.groupvit.weights import About, Precision, save_groupvit
from groupseg.networks.history import write_history
from groupseg.networks.resume import name_training
from groupseg.parallel import workers
from groupseg.processes import process_group


def train_groupvit(
    architecture: GroupViTArchitecture,
    recipe: GroupViTRecipe,
    frame: Windows,
    precision: Precision,
    corpora: Sequence[Path],
    code: str,
    states: Path,
    out: Mapping[str, Path],
) -> None:
    """Trains a model; goes on where a training of the same was broken off. All processes of torchrun call this.

    Args:
        architecture: Its shape.
        recipe: Its recipe.
        frame: How an image becomes windows; it stands in the file.
        precision: Of matrix products in use; it stands in the file.
        corpora: Folders of captioned images.
        code: Digest of the code.
        states: Folder of the states of interrupted trainings.
        out: Where "weights" and "history" go.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)
    with process_group("nccl" if device().type == "cuda" else "gloo") as here:
        corpus = open_corpus(corpora, here)
        said = {"model": asdict(architecture), "training": asdict(recipe), "corpus": corpus.digest(), "code": code}
        state = states / f"{name_training(said, [])}.pt"
        trained, history = train_from_captions(architecture, recipe, corpus, state, here, readers())
        if here.rank == 0:
            about = About(
                architecture=architecture, frame=replace(frame, patch=architecture.patch), precision=precision
            )
            write_history(history, out["history"])
            save_groupvit(trained.state_dict(), about, out["weights"])
            state.unlink(missing_ok=True)


def readers() -> int:
    """Returns how many processes read images ahead: one for each core that training leaves."""
    return max(workers() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) - 1, 0)
