"""Makes the model that runs: `python -m stages.train scenes_small`.

By its section of params.yaml it is trained from images and captions alone, or its published weights are brought into a
file of ours. GROUPSEG_PROCESSES=4 shares a training of GroupViT out among as many processes; so does torchrun, among
those of several hosts too, which then must see one file system.
"""

from pathlib import Path

from groupseg.io.files import read_json
from groupseg.networks.history import write_history
from groupseg.processes import process_rank
from stages import paths
from stages.params import load_params
from stages.schema import GroupViTModel, Params, PublishedModel, TrainedModel
from stages.stage import ROOT, run

# Under the root of the repository, also where `dvc exp run` works in a temporary copy of it.
STATES = ROOT / ".work" / "train"


def main(name: str) -> None:
    """Trains a model, or reads, checks and converts its weights."""
    params = load_params()
    model = params.models[name]
    code = read_json(paths.source("models", name))["code"]
    if isinstance(model, TrainedModel):
        train_scenes(name, model, params, code)
    elif isinstance(model, GroupViTModel) and model.training:
        train_as_published(name, model, params, code)
    elif process_rank().rank == 0:  # nothing to share out
        convert_published(name, model, params)


# Each imports what it needs itself: it is the code of its own kind of model alone, and no other model depends on it.
def train_scenes(name: str, model: TrainedModel, params: Params, code: str) -> bool:
    """Trains the small network; returns whether it had to be."""
    from groupseg.networks.scenes.training.run import train_model

    corpora = [paths.CAPTIONS / corpus for corpus in params.run.corpora]
    return train_model(model.architecture, model.training, corpora, paths.CAPTION_TEXTS, code, STATES, outputs(name))


def train_as_published(name: str, model: GroupViTModel, params: Params, code: str) -> None:
    """Trains GroupViT as published."""
    from groupseg.networks.groupvit.training import run as groupvit

    assert model.training
    corpora = [paths.CAPTIONS / corpus for corpus in params.run.corpora]
    groupvit.train_groupvit(
        model.groupvit, model.training, model.frame, model.precision, corpora, code, STATES, outputs(name)
    )


def convert_published(name: str, model: PublishedModel, params: Params) -> None:
    """Brings published weights into a file of ours."""
    from groupseg.networks.convert import convert_weights
    from stages.archives import weights_file

    out = outputs(name)
    write_history([], out["history"])
    convert_weights(weights_file(params, name), out["weights"], model.settings(), model.frame, model.precision)


def outputs(name: str) -> dict[str, Path]:
    """Where the weights and the losses of a model go."""
    return {"weights": paths.weights(name), "history": paths.history(name)}


if __name__ == "__main__":
    run(main, shared=True)
