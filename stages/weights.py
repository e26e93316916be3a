"""Brings published weights into a file of ours, or trains GroupViT as published: `python -m stages.weights groupvit_s`.

GROUPSEG_PROCESSES=4 shares a training out among as many processes; so does torchrun, among those of several hosts too,
which then must see one file system.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import save

from groupseg.convert import convert_weights
from groupseg.errors import UserError
from groupseg.files import atomic_path
from groupseg.groupvit.training.corpus import open_corpus
from groupseg.groupvit.training.loop import train
from groupseg.groupvit.training.recipe import GroupViTRecipe
from groupseg.groupvit.weights import About, save_groupvit
from groupseg.model.images import device
from groupseg.parallel import workers
from groupseg.processes import place, process_group
from groupseg.training.resume import fingerprint
from stages.archives import archive_files
from stages.params import load_params
from stages.schema import GroupViTModel, Params, PublishedModel
from stages.stage import ROOT, run

CAPTIONS = Path("data/captions")


def main(name: str) -> None:
    """Reads, checks and converts the weights of a model, or trains it; leaves none where the stage `train` is to."""
    params = load_params()
    model = params.models[name]
    out = Path("data/weights") / f"{name}.safetensors"
    if isinstance(model, GroupViTModel) and model.training:
        fit(model, model.training, [CAPTIONS / corpus for corpus in params.run.corpora], out)
        return
    if place().rank:  # nothing to share out
        return
    write_history([], out)
    if isinstance(model, PublishedModel):
        network = model.groupvit if isinstance(model, GroupViTModel) else model.clip
        convert_weights(source(name, model, params), out, network, model.frame, model.precision)
    else:
        # What `train` depends on must be there, and DVC warns of a file without a byte.
        with atomic_path(out) as path:
            path.write_bytes(save({}))


def fit(model: GroupViTModel, recipe: GroupViTRecipe, corpora: Sequence[Path], out: Path) -> None:
    """Trains GroupViT, in all processes together; goes on where a training of the same was broken off."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    with process_group("nccl" if device().type == "cuda" else "gloo") as here:
        corpus = open_corpus(corpora, here)
        said = {"model": asdict(model.groupvit), "training": asdict(recipe), "corpus": corpus.digest()}
        # Under the root of the repository, also where `dvc exp run` works in a temporary copy of it.
        state = ROOT / ".work" / "train" / f"{fingerprint(said, Path('groupseg/groupvit').rglob('*.py'))}.pt"
        trained, history = train(model.groupvit, recipe, corpus, state, here, readers())
        if here.rank == 0:
            frame = replace(model.frame, patch=model.groupvit.patch)
            about = About(architecture=model.groupvit, frame=frame, precision=model.precision)
            write_history(history, out)
            save_groupvit(trained.state_dict(), about, out)
            state.unlink(missing_ok=True)


def readers() -> int:
    """Returns how many processes read images ahead: one for each core that training leaves."""
    return max(workers() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) - 1, 0)


def write_history(history: Sequence[dict[str, float]], weights: Path) -> None:
    """Writes the losses of every step beside the weights; none where nothing is trained."""
    with atomic_path(weights.with_suffix(".csv")) as path:
        table = pd.DataFrame(history) if history else pd.DataFrame(columns=["step", "loss"])
        table.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")


def source(name: str, model: PublishedModel, params: Params) -> Path:
    """Returns the published file of a model: one of the user's own, else the archive that the model needs.

    Raises:
        UserError: If it needs none, or several.
    """
    if model.weights is not None:
        return Path(model.weights).expanduser()
    files = archive_files(params, "models", name)
    if len(files) != 1:
        raise UserError(
            f"needs.models.{name} must name one archive, which holds the weights, but names {len(files)}. "
            f"Mend it, or give a file of your own as models.{name}.weights."
        )
    return files[0]


if __name__ == "__main__":
    run(main, shared=True)
