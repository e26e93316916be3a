"""Files of weights that are not what was asked for, told by the names of their tensors."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from groupseg.errors import UserError

# How tensors are called in each kind of file, and what to do with it. The first that fits is taken.
_STATE = (
    "is the state of an interrupted training, not its weights. `dvc repro` goes on with it, and writes"
    " models/<name>.safetensors in the end"
)
_SMALL = (
    "holds the small network that is trained here. Its models/<name>.safetensors is taken as it is by --model; with the"
    " state of an interrupted training `dvc repro` goes on"
)
_GROUPVIT = "holds GroupViT. Leave out --clip"
_CLIP = "holds CLIP. Say which with --clip, such as ViT-B-16-quickgelu"
_HUGGING_FACE = (
    "holds CLIP in the layout of Hugging Face's transformers, which is not read. Take open_clip's file of the same"
    " weights (open_clip_model.safetensors, open_clip_pytorch_model.bin), or OpenAI's archive (ViT-B-16.pt)"
)
_KINDS = (
    ("model.img_encoder.", _STATE),
    ("img_encoder.", _GROUPVIT),
    ("vision_model.encoder.stages.", _GROUPVIT),
    ("vision_model.encoder.layers.", _HUGGING_FACE),
    ("visual.", _CLIP),
    ("trunk.", _SMALL),
)


def refuse_foreign(path: Path, names: Iterable[str], wanted: Literal["groupvit", "clip"]) -> None:
    """Raises UserError if tensors of these names are of another kind than wanted, and it is known of which."""
    names = list(names)
    found = next((kind for start, kind in _KINDS if any(name.startswith(start) for name in names)), None)
    if found and found != {"groupvit": _GROUPVIT, "clip": _CLIP}[wanted]:
        raise UserError(f"{path} {found}.")


def as_checkpoint(path: Path, error: UserError) -> UserError:
    """Returns an error that says more where a file was refused for the configuration of a training code in it."""
    if not any(f"({package}." in str(error) for package in ("yacs", "omegaconf", "argparse", "mmengine", "mmcv")):
        return error
    return UserError(
        f"{path} is a checkpoint of a training code, with its configuration beside the tensors. If you trust it, keep"
        f" the tensors alone: python -c \"import torch; torch.save({{'model': torch.load('{path}', weights_only=False)"
        f"['model']}}, 'tensors.pth')\", and give tensors.pth."
    )
