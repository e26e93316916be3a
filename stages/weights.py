"""Brings published weights into a file of ours: `python -m stages.weights groupvit_gcc_yfcc`."""

from dataclasses import replace
from pathlib import Path

from groupseg.clip import weights as clip
from groupseg.errors import UserError
from groupseg.files import atomic_path
from groupseg.groupvit import weights as groupvit
from stages.params import ClipModel, GroupViTModel, Params, PublishedModel, load_params
from stages.stage import run


def main(name: str) -> None:
    """Reads, checks and converts the weights of a model; where it is trained here, leaves an empty file."""
    params = load_params()
    model = params.models[name]
    out = Path("data/weights") / f"{name}.safetensors"
    if isinstance(model, GroupViTModel):
        frame = replace(model.frame, patch=model.groupvit.patch)
        shown = groupvit.About(architecture=model.groupvit, frame=frame, precision=model.precision)
        groupvit.save_groupvit(groupvit.convert(source(name, model, params), model.groupvit), shown, out)
    elif isinstance(model, ClipModel):
        frame = replace(model.frame, patch=clip.empty_clip(model.clip.name).visual.patch_size[0])
        shown = clip.About(clip=model.clip, frame=frame, precision=model.precision)
        clip.save_clip(clip.convert(source(name, model, params), model.clip.name), shown, out)
    else:
        # What `train` depends on must be there.
        with atomic_path(out):
            pass


def source(name: str, model: PublishedModel, params: Params) -> Path:
    """Returns the published file of a model: one of the user's own, else the archive that the model needs.

    Raises:
        UserError: If it needs none, or several.
    """
    if model.weights is not None:
        return Path(model.weights).expanduser()
    from stages.archives import archive_files

    files = archive_files(params, "models", name)
    if len(files) != 1:
        raise UserError(
            f"needs.models.{name} must name one archive, which holds the weights, but names {len(files)}. "
            f"Mend it, or give a file of your own as models.{name}.weights."
        )
    return files[0]


if __name__ == "__main__":
    run(main)
